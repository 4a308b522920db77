// Names out of hostile bytes, as text that can be compared and shown.
#include "tls/printable.h"

namespace umbratap::tls {

bool append_name(Bytes name, std::size_t bytes_max, std::string& out) {
    bool sound = true;
    for (const std::uint8_t c : name) {
        if (out.size() >= bytes_max) {
            out += "\\...";
            return false;
        }
        if (c > ' ' && c < 0x7f && c != '\\') {
            out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
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

}  // namespace umbratap::tls
