from leveret.engine.pages cimport Page

cdef unsigned long long gaps_in(
    Page page, unsigned long long expected, list runs
) except? 0xFFFFFFFFFFFFFFFF
