"""Token buckets: never more than burst and rate allow, never less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evcharge.runtime.rate_limit import TokenBucket, TokenBuckets


def test_a_full_bucket_gives_its_burst_at_once_and_then_one_token_at_a_time():
    bucket = TokenBucket(every_s=2.0, burst=3)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.wait_s(100.0) == 2.0
    assert bucket.wait_s(101.5) == 0.5
    assert [bucket.take(102.0) for _ in range(2)] == [True, False]


def test_a_bucket_never_holds_more_than_its_burst_however_long_nobody_asks():
    bucket = TokenBucket(every_s=1.0, burst=2)
    assert [bucket.take(1e9) for _ in range(3)] == [True, True, False]
    assert [bucket.take(2e9) for _ in range(3)] == [True, True, False]


def test_what_is_refused_costs_nothing():
    bucket = TokenBucket(every_s=1.0)
    assert bucket.take(0.0)
    for _ in range(1000):
        assert not bucket.take(0.5)
    assert bucket.take(1.0)


def test_what_is_spent_on_credit_must_be_paid_back_first():
    bucket = TokenBucket(every_s=0.5, burst=2)
    assert bucket.spend(10.0, 2) == 0.0
    assert bucket.spend(10.0, 3) == 1.5
    assert not bucket.take(11.5)
    assert bucket.wait_s(11.5) == 0.5
    assert bucket.take(12.0)


def test_without_a_pause_between_tokens_there_is_never_a_wait():
    bucket = TokenBucket(every_s=0.0)
    assert bucket.spend(1.0, 10**6) == 0.0
    assert bucket.take(1.0)


@given(
    every_s=st.floats(0.001, 10.0),
    burst=st.integers(1, 300),
    steps=st.lists(st.tuples(st.floats(0.0, 5.0), st.integers(1, 20)), max_size=200),
)
def test_over_any_time_no_more_is_taken_than_burst_and_rate_allow(every_s, burst, steps):
    bucket, now, taken = TokenBucket(every_s, burst), 0.0, 0
    for pause_s, tokens in steps:
        now += pause_s
        if bucket.take(now, tokens):
            taken += tokens
        assert taken <= burst + now / every_s + 1e-6


@given(
    every_s=st.floats(0.001, 10.0),
    burst=st.integers(1, 300),
    spent=st.lists(st.integers(1, 500), max_size=50),
)
def test_whoever_waits_as_long_as_it_is_told_gets_its_token(every_s, burst, spent):
    bucket, now = TokenBucket(every_s, burst), 50.0
    for tokens in spent:
        bucket.spend(now, tokens)
    assert bucket.take(now + bucket.wait_s(now) + 1e-9 * (1 + now))


def test_one_source_does_not_use_up_what_another_may_take():
    buckets = TokenBuckets(every_s=1.0, burst=2)
    assert [buckets.of("greedy").take(0.0) for _ in range(3)] == [True, True, False]
    assert buckets.of("modest").take(0.0)


def test_beyond_so_many_sources_the_one_that_asked_longest_ago_is_forgotten():
    buckets = TokenBuckets(every_s=100.0, most=2)
    assert buckets.of("first").take(0.0)
    assert buckets.of("second").take(0.0)
    assert not buckets.of("first").take(0.0)
    assert buckets.of("third").take(0.0)
    assert not buckets.of("first").take(0.0), "it has asked again meanwhile"
    assert buckets.of("second").take(0.0), "it was forgotten"


@pytest.mark.parametrize("tokens", [1, 5])
def test_a_bucket_of_one_is_a_pause_between_two(tokens):
    bucket = TokenBucket(every_s=4.0)
    bucket.spend(0.0, tokens)
    assert bucket.wait_s(0.0) == 4.0 * tokens
