// Paths of URLs in one spelling.
#include "inventory/url_path.h"

#include <algorithm>
#include <vector>

namespace umbratap::inventory {

namespace {

int hex(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The byte that "%XX" at `at` stands for, or -1.
int escaped(std::string_view text, std::size_t at) noexcept {
    if (text[at] != '%' || at + 2 >= text.size()) return -1;
    const int high = hex(text[at + 1]), low = hex(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::string decoded(std::string_view raw) {
    std::string path;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const int byte = escaped(raw, i);
        path += byte < 0 ? raw[i] : static_cast<char>(byte);
        if (byte >= 0) i += 2;
    }
    return path;
}

/// True if servers disagree about what `path`, once decoded, means.
bool is_ambiguous(std::string_view path) noexcept {
    for (std::size_t i = 0; i < path.size(); ++i) {
        const unsigned char c = static_cast<unsigned char>(path[i]);
        if (c < 0x20 || c == 0x7f || c == '\\') return true;
        const int again = escaped(path, i);
        if (again >= 0 &&
            (again < 0x20 || again == '.' || again == '/' || again == '\\' || again == '%'))
            return true;
    }
    return path.find("/..;") != std::string_view::npos ||
           path.find("/.;") != std::string_view::npos;
}

}  // namespace

std::optional<std::string> plain_path(std::string_view raw) {
    const std::string path = decoded(raw.substr(0, raw.find_first_of("?#")));
    if (!path.starts_with('/') || is_ambiguous(path)) return std::nullopt;
    std::vector<std::string_view> segments;
    bool directory = false;  // the last segment was a dot: what is left ends with '/'
    for (std::size_t at = 1; at <= path.size();) {
        const std::size_t slash = std::min(path.find('/', at), path.size());
        const std::string_view segment = std::string_view(path).substr(at, slash - at);
        directory = segment == "." || segment == "..";
        if (segment == ".." && !segments.empty()) segments.pop_back();
        if (!directory) segments.push_back(segment);
        at = slash + 1;
    }
    std::string plain;
    for (const std::string_view segment : segments) plain += "/" + std::string(segment);
    return directory || plain.empty() ? plain + "/" : plain;
}

bool path_matches(std::string_view path, std::string_view pattern) noexcept {
    if (!pattern.ends_with('*')) return path == pattern;
    return path.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace umbratap::inventory
