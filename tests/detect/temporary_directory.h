// A directory of rule files for one test, gone at its end.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace umbratap::test {

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        static int made = 0;
        path_ = std::filesystem::temp_directory_path() /
                ("umbratap-detect-" + std::to_string(::getpid()) + "-" + std::to_string(++made));
        std::filesystem::create_directories(path_);
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    void write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name) << content;
    }
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

/// `rules/` of the repository.
inline std::string rules_directory() {
    const char* root = std::getenv("UMBRATAP_SOURCE_ROOT");
    return std::string(root != nullptr ? root : ".") + "/rules";
}

/// What `call` throws, or "nothing".
template <class Call>
std::string complaint_of(Call call) {
    try {
        call();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "nothing";
}

}  // namespace umbratap::test
