# The compiled bodies of crc32c.py: the processor's own instruction where it has one.

from leveret.engine.buffer cimport Buffer

from libc.stdint cimport uint32_t

cdef extern from *:
    """
    #include <stddef.h>
    #include <stdint.h>
    #include <string.h>

    #if defined(__x86_64__)
    #include <nmmintrin.h>
    #define LEVERET_CRC_TARGET __attribute__((target("sse4.2")))
    #define LEVERET_CRC_IN_HARDWARE __builtin_cpu_supports("sse4.2")
    #define LEVERET_CRC_WORD(crc, word) ((uint32_t) _mm_crc32_u64(crc, word))
    #define LEVERET_CRC_BYTE(crc, byte) _mm_crc32_u8(crc, byte)
    #elif defined(__ARM_FEATURE_CRC32)
    #include <arm_acle.h>
    #define LEVERET_CRC_TARGET
    #define LEVERET_CRC_IN_HARDWARE 1
    #define LEVERET_CRC_WORD(crc, word) __crc32cd(crc, word)
    #define LEVERET_CRC_BYTE(crc, byte) __crc32cb(crc, byte)
    #endif

    /* The remainders of four bits: two steps a byte, and no table to be made at the start. */
    static const uint32_t LEVERET_CRC_TABLE[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
        0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };

    static inline uint32_t leveret_crc32c_by_table(
        uint32_t crc, const unsigned char *data, size_t count)
    {
        crc = ~crc;
        for (; count > 0; count--, data++) {
            crc ^= *data;
            crc = (crc >> 4) ^ LEVERET_CRC_TABLE[crc & 15];
            crc = (crc >> 4) ^ LEVERET_CRC_TABLE[crc & 15];
        }
        return ~crc;
    }

    #ifdef LEVERET_CRC_TARGET
    LEVERET_CRC_TARGET static inline uint32_t leveret_crc32c_by_instruction(
        uint32_t crc, const unsigned char *data, size_t count)
    {
        uint64_t word;
        crc = ~crc;
        for (; count >= 8; count -= 8, data += 8) {
            memcpy(&word, data, 8);
            crc = LEVERET_CRC_WORD(crc, word);
        }
        for (; count > 0; count--, data++)
            crc = LEVERET_CRC_BYTE(crc, *data);
        return ~crc;
    }
    #endif

    static inline uint32_t leveret_crc32c(uint32_t crc, const unsigned char *data, size_t count)
    {
    #ifdef LEVERET_CRC_TARGET
        if (LEVERET_CRC_IN_HARDWARE)
            return leveret_crc32c_by_instruction(crc, data, count);
    #endif
        return leveret_crc32c_by_table(crc, data, count);
    }
    """
    uint32_t leveret_crc32c(uint32_t, const unsigned char *, size_t) noexcept nogil
    uint32_t leveret_crc32c_by_table(uint32_t, const unsigned char *, size_t) noexcept nogil
