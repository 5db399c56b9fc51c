"""What is advised about a certificate that is not believed."""

import ssl

import pytest

from evcharge.kafka.diagnosis import _doubt, _Place


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (9, "not valid yet: set the clock"),
        (10, "has expired: renew it"),
        (18, "set `ca_file`"),
        (19, "set `ca_file`"),
        (20, "set `ca_file`"),
        (62, "does not name kafka: use a name"),
        (64, "does not name kafka: use a name"),
        (68, "refused here (OpenSSL's number 68)"),
    ],
)
@pytest.mark.parametrize("ca_file", ["", "ca.pem"])
def test_every_doubt_is_a_sentence(code, said, ca_file):
    problem = ssl.SSLCertVerificationError("certificate verify failed")
    problem.verify_code, problem.verify_message = code, "CA signature digest algorithm too weak"
    assert said in _doubt(problem, _Place("kafka", 9093), ca_file)
