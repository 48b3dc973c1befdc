# SPDX-License-Identifier: MIT
"""What the front-ends share."""

import aiodbg
import pytest


def test_split_line():
    assert aiodbg.split_line("""ps --output "a b" 'c'""") == ["ps", "--output", "a b", "c"]
    with pytest.raises(aiodbg.Error) as caught:
        aiodbg.split_line('ps "a')
    assert str(caught.value) == "no closing quotation"
    assert caught.value.status == aiodbg.Status.USAGE
