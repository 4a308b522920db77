#include "engine/keys_status.h"

#include <doctest/doctest.h>

#include "tls/session.h"

using namespace umbratap;

TEST_CASE("keys status: what fits, and why not the others, with nothing that did not happen") {
    engine::Counts counts;
    counts.tls.decrypted = 3;
    counts.secrets.good = 15;
    CHECK(engine::keys_status(counts) ==
          "3 TLS connections\n"
          "         3  decrypted\n"
          "15 key log lines taken, 0 known already, 0 not understood\n");
    counts.tls.no_key = 2;
    counts.tls.why_no_key[static_cast<std::size_t>(tls::WhyNoKey::labels_missing)] = 2;
    counts.tls.labels_missing = 1U << static_cast<unsigned>(tls::Label::client_traffic_0) |
                                1U << static_cast<unsigned>(tls::Label::server_traffic_0);
    counts.tls.unsupported = 1;
    counts.secrets.evicted = 1;
    const std::string text = engine::keys_status(counts);
    CHECK(text.starts_with("6 TLS connections\n"));
    CHECK(text.find("2  the key log names it, but lacks CLIENT_TRAFFIC_SECRET_0, "
                    "SERVER_TRAFFIC_SECRET_0\n") != std::string::npos);
    CHECK(text.find("1  in a version or cipher suite that is not read\n") != std::string::npos);
    CHECK(text.find("1 secret gave way to newer ones") != std::string::npos);
}
