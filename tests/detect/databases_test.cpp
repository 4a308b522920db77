#include "detect/databases.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <vector>

#include "temporary_directory.h"

namespace fs = std::filesystem;
using namespace umbratap::detect;

namespace {

const std::vector<Expression> words = {{"alpha", HS_FLAG_SINGLEMATCH}, {"beta", 0}};

}  // namespace

TEST_CASE("databases: the directory is made, for its owner alone, and is used the next time") {
    const umbratap::test::TemporaryDirectory parent;
    const std::string directory = parent.path() + "/made/here";
    Databases first(directory);
    CHECK(first.find_or_compile(words, HS_MODE_BLOCK) != nullptr);
    CHECK_FALSE(first.all_found());
    CHECK((fs::status(directory).permissions() & fs::perms::all) == fs::perms::owner_all);
    Databases second(directory);
    CHECK(second.find_or_compile(words, HS_MODE_BLOCK) != nullptr);
    CHECK(second.all_found());
    CHECK(second.find_or_compile(words, HS_MODE_STREAM) != nullptr);  // another mode is another
    CHECK_FALSE(second.all_found());
}

TEST_CASE("databases: a directory that cannot be made or written is no trouble") {
    for (const char* directory : {"/proc/none", "/dev/null/x", ""}) {
        Databases databases(directory);
        CHECK(databases.find_or_compile(words, HS_MODE_BLOCK) != nullptr);
    }
}

TEST_CASE("databases: an expression that cannot be compiled is named by its place") {
    Databases databases;
    const std::vector<Expression> broken = {{"alpha", 0}, {"(", 0}};
    try {
        databases.find_or_compile(broken, HS_MODE_BLOCK);
        FAIL("compiled");
    } catch (const CompileError& error) {
        CHECK(error.which == 1);
        CHECK_FALSE(std::string(error.what()).empty());
    }
}
