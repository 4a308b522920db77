#include "tls/secrets.h"

#include <doctest/doctest.h>

#include <string>

using namespace umbratap;
using namespace umbratap::tls;

namespace {

std::string line(int random, int secret) {
    const auto digits = [](int n, std::size_t count) {
        std::string text = std::to_string(n);
        return std::string(count - text.size(), '0') + text;
    };
    return "CLIENT_RANDOM " + digits(random, 64) + " " + digits(secret, 96) + "\n";
}

SecretId id(int random) {
    return read_key_log_line(line(random, 0).substr(0, 175))->id;
}

std::string found(const Secrets& secrets, int random) {
    std::string out;
    for (const Secret* secret : secrets.find(Label::client_random, id(random))) {
        out += std::to_string(secret->bytes().back()) + " ";
    }
    return out;
}

}  // namespace

TEST_CASE("secrets: what was added is found, under its own name only") {
    Secrets secrets;
    CHECK(secrets.empty());
    secrets.add(line(1, 1) + line(2, 2) + "# comment\n\nnonsense\nEXPORTER_SECRET");
    CHECK(!secrets.empty());
    CHECK(found(secrets, 1) == "1 ");
    CHECK(found(secrets, 2) == "2 ");
    CHECK(found(secrets, 3).empty());
    CHECK(secrets.find(Label::client_traffic_0, id(1)).count == 0);
    CHECK(secrets.counts().good == 2);
    CHECK(secrets.counts().bad == 2);
}

TEST_CASE("secrets: duplicates are counted; of several for one name the newest four stay") {
    Secrets secrets;
    secrets.add(line(1, 1) + line(1, 1) + line(1, 2) + line(1, 1));
    CHECK(found(secrets, 1) == "1 2 ");
    CHECK(secrets.counts().duplicate == 2);
    CHECK(secrets.generation() == 2);
    secrets.add(line(1, 3) + line(1, 4) + line(1, 5));
    CHECK(found(secrets, 1) == "2 3 4 5 ");
    CHECK(secrets.counts().evicted == 1);
}

TEST_CASE("secrets: beyond the limit the oldest go") {
    Secrets secrets({.secrets_max = 3});
    for (int i = 1; i <= 5; ++i) secrets.add(line(i, i));
    CHECK(secrets.size() == 3);
    CHECK(found(secrets, 1).empty());
    CHECK(found(secrets, 2).empty());
    CHECK(found(secrets, 3) == "3 ");
    CHECK(found(secrets, 5) == "5 ");
    CHECK(secrets.counts().evicted == 2);
}

TEST_CASE("secrets: a limit of one, with several for one name") {
    Secrets secrets({.secrets_max = 1});
    secrets.add(line(1, 1) + line(1, 2) + line(2, 3) + line(2, 4));
    CHECK(found(secrets, 1).empty());
    CHECK(found(secrets, 2) == "4 ");
    Secrets none({.secrets_max = 0});
    none.add(line(1, 1));
    CHECK(found(none, 1).empty());
}

TEST_CASE("secrets: many, more than one block of memory") {
    Secrets secrets;
    std::string log;
    for (int i = 0; i < 3000; ++i) log += line(i, i % 50);
    secrets.add(log);
    CHECK(secrets.size() == 3000);
    for (int i = 0; i < 3000; i += 7) {
        CHECK(secrets.find(Label::client_random, id(i)).count == 1);
    }
}
