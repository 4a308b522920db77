// Lines of a TLS key log.
#include "tls/key_log.h"

#include <span>

namespace umbratap::tls {

namespace {

struct LabelRow {
    std::string_view name;
    Label label;
};

constexpr LabelRow labels[] = {
    {"CLIENT_RANDOM", Label::client_random},
    {"CLIENT_EARLY_TRAFFIC_SECRET", Label::client_early_traffic},
    {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", Label::client_handshake_traffic},
    {"SERVER_HANDSHAKE_TRAFFIC_SECRET", Label::server_handshake_traffic},
    {"CLIENT_TRAFFIC_SECRET_0", Label::client_traffic_0},
    {"SERVER_TRAFFIC_SECRET_0", Label::server_traffic_0},
    {"EXPORTER_SECRET", Label::other},
    {"EARLY_EXPORTER_SECRET", Label::other},
    {"ECH_SECRET", Label::other},
    {"ECH_CONFIG", Label::other},
    {"RSA", Label::premaster},
};

constexpr std::string_view blanks = " \t\r";

std::string_view take_word(std::string_view& line) noexcept {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

int digit_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The bytes that `text` says, in the front of `out`; nothing if it is not hexadecimal or too long.
std::optional<Bytes> read_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
    if (text.size() % 2 != 0 || text.size() / 2 > out.size()) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit_value(text[i]), low = digit_value(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out[i / 2] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return Bytes(out.first(text.size() / 2));
}

bool take_prefix(std::string_view& word, std::string_view prefix) noexcept {
    if (!word.starts_with(prefix)) return false;
    word.remove_prefix(prefix.size());
    return true;
}

/// A secret of TLS 1.3 is as long as the hash of its suite; the others have 48 bytes.
bool fits(Label label, std::size_t id_bytes, std::size_t secret_bytes) noexcept {
    switch (label) {
        case Label::client_random:
            return id_bytes == 32 && secret_bytes == 48;
        case Label::premaster:
            return id_bytes == 8 && secret_bytes == 48;
        case Label::resumable_master:
            return id_bytes > 0 && secret_bytes == 48;
        case Label::other:
            return true;
        default:
            return id_bytes == 32 && (secret_bytes == 32 || secret_bytes == 48);
    }
}

std::optional<Label> find_label(std::string_view name) noexcept {
    for (const LabelRow& row : labels) {
        if (row.name == name) return row.label;
    }
    return std::nullopt;
}

}  // namespace

std::string_view label_name(Label label) noexcept {
    for (const LabelRow& row : labels) {
        if (row.label == label) return row.name;
    }
    return "RSA Session-ID";
}

SecretId SecretId::of(Bytes from) noexcept {
    SecretId id;
    id.size = static_cast<std::uint8_t>(std::min(from.size(), id.bytes.size()));
    std::copy_n(from.begin(), id.size, id.bytes.begin());
    return id;
}

bool is_key_log_comment(std::string_view line) noexcept {
    const std::size_t at = line.find_first_not_of(blanks);
    return at == line.npos || line[at] == '#';
}

std::optional<KeyLogLine> read_key_log_line(std::string_view line) noexcept {
    if (line.size() > key_log_line_bytes_max) return std::nullopt;
    auto label = find_label(take_word(line));
    std::string_view id_text = take_word(line), secret_text = take_word(line);
    if (!label || !take_word(line).empty()) return std::nullopt;
    KeyLogLine read;
    read.label = *label;
    if (read.label == Label::other) {
        const bool whole = id_text.size() == 64 && !secret_text.empty();
        return whole ? std::optional(read) : std::nullopt;
    }
    if (read.label == Label::premaster && take_prefix(id_text, "Session-ID:")) {
        if (!take_prefix(secret_text, "Master-Key:")) return std::nullopt;
        read.label = Label::resumable_master;
    }
    std::array<std::uint8_t, 32> id;
    Secret secret(Secret::bytes_max);
    const auto id_bytes = read_hex(id_text, id);
    const auto secret_bytes = read_hex(secret_text, secret.writable());
    if (!id_bytes || !secret_bytes) return std::nullopt;
    if (!fits(read.label, id_bytes->size(), secret_bytes->size())) return std::nullopt;
    read.id = SecretId::of(*id_bytes);
    read.secret = *Secret::of(*secret_bytes);
    return read;
}

}  // namespace umbratap::tls
