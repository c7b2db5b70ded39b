import pytest

from leveret.cli.size import parse_size, show_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("100B", 100),
        ("3kB", 3_000),
        ("100MB", 100_000_000),
        ("100mb", 100_000_000),
        ("1GB", 1_000_000_000),
        ("2KiB", 2048),
        ("16MiB", 16_777_216),
        ("16 MiB", 16_777_216),
        (" 1GiB ", 1_073_741_824),
    ],
)
def test_a_size_is_a_number_and_a_unit(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1", "1.5MB", "1 000", "10MX", "1e6", "\u0663MB"])
def test_anything_else_is_no_size(text):
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize("text", ["0", "1", "1000", "1KiB", "1025", "8KiB", "16MiB", "3GiB"])
def test_what_is_shown_is_read_again(text):
    assert show_size(parse_size(text)) == text
