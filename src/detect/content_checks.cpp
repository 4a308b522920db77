// What a regular expression cannot say of a value.
#include "detect/content_checks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/base64.h"
#include "base/crc32.h"

namespace umbratap::detect {
namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_upper(char c) noexcept {
    return c >= 'A' && c <= 'Z';
}

// Lengths of the IBAN registry (SWIFT, release 97), by country.
constexpr std::array<std::pair<std::string_view, std::size_t>, 84> iban_lengths = {{
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
    {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
    {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
    {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
    {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20},
    {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
    {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26},
}};

}  // namespace

bool has_luhn_digit(std::string_view number) noexcept {
    unsigned sum = 0, count = 0;
    bool all_the_same = true;
    char last = '\0';
    for (std::size_t i = number.size(); i-- > 0;) {
        const char c = number[i];
        if (c == ' ' || c == '-') continue;
        if (!is_digit(c)) return false;
        auto digit = static_cast<unsigned>(c - '0');
        if (count % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
        if (count > 0 && c != last) all_the_same = false;
        last = c;
        ++count;
    }
    return count >= 12 && count <= 19 && !all_the_same && sum % 10 == 0;
}

bool is_iban(std::string_view text) noexcept {
    char iban[36];
    std::size_t size = 0;
    for (const char c : text) {
        if (c == ' ' || c == '-') continue;
        if ((!is_digit(c) && !is_upper(c)) || size >= 34) return false;
        iban[size++] = c;
    }
    if (size < 15) return false;
    const std::string_view country(iban, 2);
    const auto* found = std::find_if(iban_lengths.begin(), iban_lengths.end(),
                                     [&](const auto& one) { return one.first == country; });
    if (found == iban_lengths.end() || found->second != size) return false;
    unsigned remainder = 0;
    for (std::size_t i = 0; i < size; ++i) {  // the first four characters go to the end
        const char c = iban[(i + 4) % size];
        const auto value = static_cast<unsigned>(is_digit(c) ? c - '0' : c - 'A' + 10);
        remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
    }
    return remainder == 1;
}

bool is_social_security_number(std::string_view text) noexcept {
    char digits[10];
    std::size_t count = 0;
    for (const char c : text) {
        if (!is_digit(c)) continue;
        if (count == 9) return false;
        digits[count++] = c;
    }
    if (count != 9) return false;
    const std::string_view all(digits, 9), area = all.substr(0, 3);
    return area != "000" && area != "666" && area[0] != '9' && all.substr(3, 2) != "00" &&
           all.substr(5) != "0000";
}

bool has_github_checksum(std::string_view token) noexcept {
    constexpr std::string_view alphabet =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const std::size_t prefix = token.rfind('_');
    if (prefix == std::string_view::npos || token.size() - prefix - 1 != 36) return false;
    const std::string_view random = token.substr(prefix + 1, 30), sum = token.substr(prefix + 31);
    std::uint32_t left = crc32(random);
    for (std::size_t i = sum.size(); i-- > 0; left /= 62) {
        if (sum[i] != alphabet[left % 62]) return false;
    }
    return true;
}

bool is_web_token(std::string_view text) noexcept {
    const std::string_view first = text.substr(0, text.find('.'));
    if (first.size() > 4096) return false;
    const auto header = from_base64(first);
    return header && header->starts_with('{') && header->find("\"alg\"") != std::string::npos;
}

double entropy_of(std::string_view text) noexcept {
    if (text.empty()) return 0;
    std::array<std::size_t, 256> counts{};
    for (const char c : text) ++counts[static_cast<unsigned char>(c)];
    double bits = 0;
    for (const std::size_t count : counts) {
        if (count == 0) continue;
        const double share = static_cast<double>(count) / static_cast<double>(text.size());
        bits -= share * std::log2(share);
    }
    return bits;
}

}  // namespace umbratap::detect
