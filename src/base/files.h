// Whole files, for those who load rules and policies; and bundles of them, for a process that may
// not open any.
//
// A process with rights records what it loads, packs it and hands it over; the other unpacks it and
// loads the same, from the bundle alone.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace umbratap {

/// The text of a file. Throws std::system_error; where it is longer than `bytes_max` with EFBIG.
std::string read_file(const std::string& path, std::size_t bytes_max);
/// Names of what is in a directory, in order; hidden ones left out. Throws std::system_error.
std::vector<std::string> list_directory(const std::string& directory);

class FileBundle {
public:
    std::string pack() const;
    /// Throws std::invalid_argument if it was not made by `pack`.
    static FileBundle unpack(std::string_view packed);

    /// While it lives, what this thread reads is kept in the bundle, too.
    class Recording {
    public:
        explicit Recording(FileBundle& bundle) noexcept;
        ~Recording();
        Recording(const Recording&) = delete;
        Recording& operator=(const Recording&) = delete;
    };
    /// While it lives, this thread reads from the bundle, and nothing from disk.
    class Reading {
    public:
        explicit Reading(const FileBundle& bundle) noexcept;
        ~Reading();
        Reading(const Reading&) = delete;
        Reading& operator=(const Reading&) = delete;
    };

private:
    friend std::string read_file(const std::string& path, std::size_t bytes_max);
    friend std::vector<std::string> list_directory(const std::string& directory);

    std::map<std::string, std::string, std::less<>> texts_;
    std::map<std::string, std::vector<std::string>, std::less<>> listings_;
};

}  // namespace umbratap
