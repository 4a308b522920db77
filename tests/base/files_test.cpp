// Whole files, and bundles of them.
#include "base/files.h"

#include <doctest/doctest.h>

#include <fstream>
#include <stdexcept>
#include <system_error>

#include "support/temporary_directory.h"

using umbratap::FileBundle;
using umbratap::list_directory;
using umbratap::read_file;

namespace {

int error_of(const std::string& path, std::size_t bytes_max) {
    try {
        read_file(path, bytes_max);
        return 0;
    } catch (const std::system_error& error) {
        return error.code().value();
    }
}

}  // namespace

TEST_CASE("a bundle gives what was recorded, and nothing else") {
    const umbratap::test::TemporaryDirectory directory;
    const std::string a = directory.path() + "/a.yaml", hidden = directory.path() + "/.b.yaml";
    std::ofstream(a) << "key: " << std::string("va\0lue", 6);
    std::ofstream(hidden) << "x";

    FileBundle recorded;
    {
        const FileBundle::Recording recording(recorded);
        CHECK(read_file(a, 100) == std::string("key: va\0lue", 11));
        CHECK(list_directory(directory.path()) == std::vector<std::string>{"a.yaml"});
        CHECK(error_of("/nowhere/at/all", 100) == ENOENT);
    }
    std::ofstream(a) << "other";

    const FileBundle bundle = FileBundle::unpack(recorded.pack());
    {
        const FileBundle::Reading reading(bundle);
        CHECK(read_file(a, 100) == std::string("key: va\0lue", 11));
        CHECK(error_of(a, 4) == EFBIG);
        CHECK(error_of(hidden, 100) == ENOENT);
        CHECK(list_directory(directory.path()) == std::vector<std::string>{"a.yaml"});
        CHECK_THROWS_AS(list_directory("/"), std::system_error);
    }
    CHECK(read_file(a, 100) == "other");
}

TEST_CASE("a bundle that was cut anywhere is refused") {
    const umbratap::test::TemporaryDirectory directory;
    const std::string file = directory.path() + "/f";
    std::ofstream(file) << "text";
    FileBundle recorded;
    {
        const FileBundle::Recording recording(recorded);
        read_file(file, 10);
        list_directory(directory.path());
    }
    const std::string packed = recorded.pack();
    for (std::size_t size = 0; size < packed.size(); ++size) {
        CHECK_THROWS_AS(FileBundle::unpack(std::string_view(packed).substr(0, size)),
                        std::invalid_argument);
    }
    CHECK_THROWS_AS(FileBundle::unpack(packed + "x"), std::invalid_argument);
}

TEST_CASE("files that are too long, or no files, are refused") {
    const umbratap::test::TemporaryDirectory directory;
    std::ofstream(directory.path() + "/f") << "12345";
    CHECK(error_of(directory.path() + "/f", 5) == 0);
    CHECK(error_of(directory.path() + "/f", 4) == EFBIG);
    CHECK(error_of(directory.path(), 100) != 0);
    CHECK_THROWS_AS(list_directory(directory.path() + "/none"), std::system_error);
}
