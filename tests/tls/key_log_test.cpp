#include "tls/key_log.h"

#include <doctest/doctest.h>

#include <string>

using namespace umbratap;
using namespace umbratap::tls;

namespace {

const std::string random_hex(64, 'a'), master_hex(96, 'b'), secret_hex(64, 'C');

bool reads(const std::string& line) {
    return read_key_log_line(line).has_value();
}

}  // namespace

TEST_CASE("key log: every label of RFC 9850, and the older forms") {
    for (const char* label : {"CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                              "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
                              "SERVER_TRAFFIC_SECRET_0"}) {
        const auto line =
            read_key_log_line(std::string(label) + " " + random_hex + " " + secret_hex);
        REQUIRE(line);
        CHECK(label_name(line->label) == label);
        CHECK(line->id.size == 32);
        CHECK(line->id.bytes[31] == 0xaa);
        CHECK(line->secret.size() == 32);
        CHECK(line->secret.bytes()[0] == 0xcc);
    }
    CHECK(read_key_log_line("EXPORTER_SECRET " + random_hex + " " + secret_hex)->label ==
          Label::other);
    CHECK(read_key_log_line("CLIENT_RANDOM " + random_hex + " " + master_hex)->secret.size() == 48);
    const auto premaster = read_key_log_line("RSA 0102030405060708 " + master_hex);
    CHECK(premaster->label == Label::premaster);
    CHECK(premaster->id.size == 8);
    const auto session = read_key_log_line("RSA Session-ID:0102 Master-Key:" + master_hex);
    CHECK(session->label == Label::resumable_master);
    CHECK(session->id.size == 2);
}

TEST_CASE("key log: blanks and line ends of other systems do not matter") {
    CHECK(reads("  CLIENT_RANDOM\t" + random_hex + "  " + master_hex + " \r"));
    CHECK(is_key_log_comment("# SSL/TLS secrets log file"));
    CHECK(is_key_log_comment(" \r"));
    CHECK(!is_key_log_comment("x"));
}

TEST_CASE("key log: what is wrong is no line") {
    CHECK(!reads(""));
    CHECK(!reads("CLIENT_RANDOM"));
    CHECK(!reads("client_random " + random_hex + " " + master_hex));
    CHECK(!reads("CLIENT_RANDOM " + random_hex));
    CHECK(!reads("CLIENT_RANDOM " + random_hex + " " + master_hex + " more"));
    CHECK(!reads("CLIENT_RANDOM " + random_hex + " " + secret_hex));
    CHECK(!reads("CLIENT_RANDOM " + random_hex.substr(2) + " " + master_hex));
    CHECK(!reads("CLIENT_RANDOM " + random_hex + " " + master_hex.substr(1)));
    CHECK(!reads("CLIENT_RANDOM " + random_hex + "aa " + master_hex));
    CHECK(!reads("CLIENT_RANDOM " + std::string(64, 'g') + " " + master_hex));
    CHECK(!reads("CLIENT_TRAFFIC_SECRET_1 " + random_hex + " " + secret_hex));
    CHECK(!reads("RSA Session-ID:0102 " + master_hex));
    CHECK(!reads("RSA 01020304050607 " + master_hex));
    CHECK(!reads(std::string(100000, 'C')));
    CHECK(!reads(std::string("CLIENT_RANDOM \0", 15) + random_hex + " " + master_hex));
    CHECK(!reads("CLIENT_RANDOM " + random_hex + " " + master_hex + std::string(1000, ' ')));
}
