"""Places in files: the first that is large enough, and files that nobody needs any more."""

import random

from leveret.log.spill_files import FILE_UNITS, UNIT_BYTES, Place, SpillFiles


def test_without_a_file_there_is_no_place():
    assert SpillFiles().take(1) is None


def test_places_lie_one_behind_the_other_in_whole_units():
    files = SpillFiles()
    places = [files.take_in_new(7, 1), files.take(UNIT_BYTES + 1), files.take(UNIT_BYTES)]
    assert [place.offset // UNIT_BYTES for place in places] == [0, 1, 3]
    assert {place.file.fd for place in places} == {7}


def test_a_place_that_was_given_back_is_taken_again_if_it_is_large_enough():
    files = SpillFiles()
    first = files.take_in_new(7, UNIT_BYTES)
    files.take(UNIT_BYTES)
    assert not files.give_back(first)
    assert files.take(2 * UNIT_BYTES).offset == 2 * UNIT_BYTES
    assert files.take(UNIT_BYTES).offset == 0


def test_a_full_file_has_no_place():
    files = SpillFiles()
    files.take_in_new(7, UNIT_BYTES * FILE_UNITS)
    assert files.take(1) is None


def test_a_chunk_larger_than_a_file_has_a_file_of_its_size():
    files = SpillFiles()
    place = files.take_in_new(7, UNIT_BYTES * (FILE_UNITS + 3))
    assert files.take(1) is None
    assert files.give_back(place)


def test_a_file_whose_last_place_was_given_back_is_ours_no_longer():
    files = SpillFiles()
    places = [files.take_in_new(7, 1), files.take(1)]
    assert [files.give_back(place) for place in places] == [False, True]
    assert files.files == []


def test_no_two_places_ever_overlap():
    files, fd = SpillFiles(), 0
    taken: list[Place] = []
    generator = random.Random(4)
    for _ in range(2000):
        if taken and generator.random() < 0.45:
            files.give_back(taken.pop(generator.randrange(len(taken))))
            continue
        count = generator.randrange(1, 20 * UNIT_BYTES)
        place = files.take(count)
        if place is None:
            fd += 1
            place = files.take_in_new(fd, count)
        taken.append(place)
        for file in files.files:
            bits = [place.bits for place in taken if place.file is file]
            union = 0
            for each in bits:
                assert union & each == 0
                union |= each
            assert file.free == file.all & ~union
