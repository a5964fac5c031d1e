"""Records, keys and heads: what is read is what was written, and anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recycling.campaign.heads import head_text, parse_head
from recycling.campaign.keys import read_key
from recycling.campaign.records import canonical, parse_record
from recycling.errors import BadInput

KEY = bytes(range(32))

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abθ"), json_values))
def test_whatever_json_holds_has_one_text_and_comes_back(record):
    text = canonical(record)
    assert parse_record(text) == record
    assert canonical(parse_record(text)) == text
    assert canonical(dict(reversed(record.items()))) == text


def test_a_key_in_the_directory_of_the_campaign_is_refused(tmp_path):
    (tmp_path / "campaign").mkdir()
    (tmp_path / "campaign" / "key").write_bytes(KEY)
    (tmp_path / "link").symlink_to(tmp_path / "campaign" / "key")
    for name in ("campaign/key", "campaign/../campaign/key", "link"):
        with pytest.raises(BadInput, match="inside the campaign's directory"):
            read_key(tmp_path / name, outside=tmp_path / "campaign")
    (tmp_path / "key").write_bytes(KEY)
    assert read_key(tmp_path / "key", outside=tmp_path / "campaign") == KEY
    with pytest.raises(BadInput, match="no such file"):
        read_key(tmp_path / "absent")
    with pytest.raises(BadInput, match="is a directory"):
        read_key(tmp_path)


def test_a_head_is_read_back():
    assert parse_head(head_text((12, "ab" * 32))) == (12, "ab" * 32)
