#include "tls/key_log.h"

#include <doctest/doctest.h>

#include <string>

using namespace umbratap;
using namespace umbratap::tls;

namespace {

const std::string some_random(64, 'a'), master(96, 'b'), secret(64, 'C');

bool reads(const std::string& line) {
    return read_key_log_line(line).has_value();
}

}  // namespace

TEST_CASE("key log: every label of RFC 9850, and the older forms") {
    for (const char* label : {"CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                              "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
                              "SERVER_TRAFFIC_SECRET_0"}) {
        const auto line = read_key_log_line(std::string(label) + " " + some_random + " " + secret);
        REQUIRE(line);
        CHECK(label_name(line->label) == label);
        CHECK(line->id.size == 32);
        CHECK(line->id.bytes[31] == 0xaa);
        CHECK(line->secret.size() == 32);
        CHECK(line->secret.bytes()[0] == 0xcc);
    }
    CHECK(read_key_log_line("EXPORTER_SECRET " + some_random + " " + secret)->label ==
          Label::other);
    CHECK(read_key_log_line("CLIENT_RANDOM " + some_random + " " + master)->secret.size() == 48);
    const auto premaster = read_key_log_line("RSA 0102030405060708 " + master);
    CHECK(premaster->label == Label::premaster);
    CHECK(premaster->id.size == 8);
    const auto session = read_key_log_line("RSA Session-ID:0102 Master-Key:" + master);
    CHECK(session->label == Label::resumable_master);
    CHECK(session->id.size == 2);
}

TEST_CASE("key log: blanks and line ends of other systems do not matter") {
    CHECK(reads("  CLIENT_RANDOM\t" + some_random + "  " + master + " \r"));
    CHECK(is_key_log_comment("# SSL/TLS secrets log file"));
    CHECK(is_key_log_comment(" \r"));
    CHECK(!is_key_log_comment("x"));
}

TEST_CASE("key log: what is wrong is no line") {
    CHECK(!reads(""));
    CHECK(!reads("CLIENT_RANDOM"));
    CHECK(!reads("client_random " + some_random + " " + master));
    CHECK(!reads("CLIENT_RANDOM " + some_random));
    CHECK(!reads("CLIENT_RANDOM " + some_random + " " + master + " more"));
    CHECK(!reads("CLIENT_RANDOM " + some_random + " " + secret));
    CHECK(!reads("CLIENT_RANDOM " + some_random.substr(2) + " " + master));
    CHECK(!reads("CLIENT_RANDOM " + some_random + " " + master.substr(1)));
    CHECK(!reads("CLIENT_RANDOM " + some_random + "aa " + master));
    CHECK(!reads("CLIENT_RANDOM " + std::string(64, 'g') + " " + master));
    CHECK(!reads("CLIENT_TRAFFIC_SECRET_1 " + some_random + " " + secret));
    CHECK(!reads("RSA Session-ID:0102 " + master));
    CHECK(!reads("RSA 01020304050607 " + master));
    CHECK(!reads(std::string(100000, 'C')));
    CHECK(!reads(std::string("CLIENT_RANDOM \0", 15) + some_random + " " + master));
    CHECK(!reads("CLIENT_RANDOM " + some_random + " " + master + std::string(1000, ' ')));
}
