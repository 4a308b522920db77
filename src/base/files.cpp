// Whole files, and bundles of them.
//
// Packed: u32 count of texts, each as name and text; u32 count of listings, each as directory, u32
// count, names. Strings are u64 length and bytes. Both ends are one program on one machine.
#include "base/files.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace umbratap {

namespace {

thread_local FileBundle* recorded = nullptr;
thread_local const FileBundle* read_from = nullptr;

[[noreturn]] void fail(int error) {
    throw std::system_error(error, std::generic_category());
}

std::string read_from_disk(const std::string& path, std::size_t bytes_max) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (!in) fail(errno != 0 ? errno : ENOENT);
    std::string text;
    char piece[65536];
    while (in.read(piece, sizeof piece) || in.gcount() > 0) {
        text.append(piece, static_cast<std::size_t>(in.gcount()));
        if (text.size() > bytes_max) fail(EFBIG);
    }
    if (in.bad() || (text.empty() && !in.eof())) fail(errno != 0 ? errno : EIO);
    return text;
}

std::vector<std::string> list_on_disk(const std::string& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        if (std::string name = entry.path().filename().string(); !name.starts_with('.'))
            names.push_back(std::move(name));
    }
    if (error) throw std::system_error(error);
    std::sort(names.begin(), names.end());
    return names;
}

template <class Number>
void put(std::string& out, Number number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    out.append(bytes, sizeof bytes);
}

void put_text(std::string& out, std::string_view text) {
    put<std::uint64_t>(out, text.size());
    out += text;
}

class Unpacker {
public:
    explicit Unpacker(std::string_view packed) : rest_(packed) {}

    template <class Number>
    Number number() {
        Number value{};
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    std::string text() { return std::string(take(number<std::uint64_t>())); }
    bool at_end() const noexcept { return rest_.empty(); }

private:
    std::string_view take(std::uint64_t size) {
        if (size > rest_.size()) throw std::invalid_argument("a bundle of files is cut short");
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    std::string_view rest_;
};

}  // namespace

std::string read_file(const std::string& path, std::size_t bytes_max) {
    if (read_from != nullptr) {
        const auto found = read_from->texts_.find(path);
        if (found == read_from->texts_.end()) fail(ENOENT);
        if (found->second.size() > bytes_max) fail(EFBIG);
        return found->second;
    }
    std::string text = read_from_disk(path, bytes_max);
    if (recorded != nullptr) recorded->texts_[path] = text;
    return text;
}

std::vector<std::string> list_directory(const std::string& directory) {
    if (read_from != nullptr) {
        const auto found = read_from->listings_.find(directory);
        if (found == read_from->listings_.end()) fail(ENOENT);
        return found->second;
    }
    std::vector<std::string> names = list_on_disk(directory);
    if (recorded != nullptr) recorded->listings_[directory] = names;
    return names;
}

std::string FileBundle::pack() const {
    std::string out;
    put<std::uint32_t>(out, static_cast<std::uint32_t>(texts_.size()));
    for (const auto& [name, text] : texts_) {
        put_text(out, name);
        put_text(out, text);
    }
    put<std::uint32_t>(out, static_cast<std::uint32_t>(listings_.size()));
    for (const auto& [directory, names] : listings_) {
        put_text(out, directory);
        put<std::uint32_t>(out, static_cast<std::uint32_t>(names.size()));
        for (const std::string& name : names) put_text(out, name);
    }
    return out;
}

FileBundle FileBundle::unpack(std::string_view packed) {
    Unpacker in(packed);
    FileBundle bundle;
    for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
        std::string name = in.text();
        bundle.texts_[std::move(name)] = in.text();
    }
    for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
        std::vector<std::string>& names = bundle.listings_[in.text()];
        for (auto more = in.number<std::uint32_t>(); more > 0; --more) names.push_back(in.text());
    }
    if (!in.at_end()) throw std::invalid_argument("a bundle of files has something behind its end");
    return bundle;
}

FileBundle::Recording::Recording(FileBundle& bundle) noexcept {
    recorded = &bundle;
}
FileBundle::Recording::~Recording() {
    recorded = nullptr;
}
FileBundle::Reading::Reading(const FileBundle& bundle) noexcept {
    read_from = &bundle;
}
FileBundle::Reading::~Reading() {
    read_from = nullptr;
}

}  // namespace umbratap
