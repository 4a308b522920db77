// The command line.
#include "engine/options.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "support/temporary_file.h"

using namespace umbratap;
using test::temporary_file;

namespace {

engine::Options read(std::vector<const char*> words) {
    words.insert(words.begin(), "umbratap");
    return engine::read_command_line(static_cast<int>(words.size()), words.data()).options;
}

}  // namespace

TEST_CASE("a repeatable option does not swallow the filter behind it") {
    const engine::Options options = read({"-r", "a", "-r", "b", "tcp", "port", "80"});
    CHECK(options.read == std::vector<std::string>{"a", "b"});
    CHECK(options.filter == "tcp port 80");
}

TEST_CASE("--json is an output and takes the place of the summary") {
    const auto outputs = read({"-r", "a", "--json"}).outputs;
    REQUIRE(outputs.size() == 1);
    CHECK(outputs[0].to == "-");
    CHECK(read({"-r", "a"}).outputs.empty());
}

TEST_CASE("wrong usage is refused") {
    CHECK_THROWS_AS(read({}), engine::UsageError);
    CHECK_THROWS_AS(read({"-r", "a", "--events", "alert,nonsense"}), engine::UsageError);
    CHECK_THROWS_AS(read({"-r", "a", "--payloads", "some"}), engine::UsageError);
    CHECK_THROWS_AS(read({"-r", "a", "--fail-on", "9"}), engine::UsageError);
    CHECK_THROWS_AS(read({"--no-such-option"}), engine::UsageError);
}

TEST_CASE("the command line goes over the config file") {
    const std::string file = temporary_file();
    std::ofstream(file) << "read: [from-config]\nworkers: 3\npayloads: full\n";
    const engine::Options plain = read({"-c", file.c_str()});
    CHECK(plain.read == std::vector<std::string>{"from-config"});
    CHECK(plain.workers == 3);
    const engine::Options over = read({"-c", file.c_str(), "-r", "x", "-w", "1"});
    CHECK(over.read == std::vector<std::string>{"x"});
    CHECK(over.workers == 1);
    CHECK(over.payloads == engine::Payloads::full);
    std::remove(file.c_str());
}
