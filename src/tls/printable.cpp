// Names out of hostile bytes, as text that can be compared and shown.
#include "tls/printable.h"

namespace umbratap::tls {

namespace {

/// Writes what `stays` as it is, all else as \DDD.
template <class Stays>
bool append_escaped(Bytes text, std::size_t bytes_max, std::string& out, Stays stays) {
    bool sound = true;
    for (const std::uint8_t c : text) {
        if (out.size() >= bytes_max) {
            out += "\\...";
            return false;
        }
        if (stays(c)) {
            out += static_cast<char>(c);
            continue;
        }
        sound = false;
        out += '\\';
        out += static_cast<char>('0' + c / 100);
        out += static_cast<char>('0' + c / 10 % 10);
        out += static_cast<char>('0' + c % 10);
    }
    return sound;
}

}  // namespace

bool append_name(Bytes name, std::size_t bytes_max, std::string& out) {
    const std::size_t begin = out.size();
    const bool sound = append_escaped(
        name, bytes_max, out, [](std::uint8_t c) { return c > ' ' && c < 0x7f && c != '\\'; });
    for (std::size_t i = begin; i < out.size(); ++i) {
        if (out[i] >= 'A' && out[i] <= 'Z') out[i] = static_cast<char>(out[i] + 32);
    }
    return sound;
}

bool append_title(Bytes title, std::size_t bytes_max, std::string& out) {
    return append_escaped(title, bytes_max, out,
                          [](std::uint8_t c) { return c >= ' ' && c < 0x7f && c != '\\'; });
}

}  // namespace umbratap::tls
