// Names made to look like an approved one.
//
// The table below holds letters that are drawn like ASCII letters in common typefaces, of the
// scripts that registries hand out most: Cyrillic, Greek, Armenian, Latin with accents. Unicode's
// own list (UTS #39) is fifty times as long; what is missed here is still a server that no policy
// approves.
#include "inventory/lookalike.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "detect/host_name.h"

namespace umbratap::inventory {

namespace {

struct Likeness {
    std::u32string_view letters;
    char like;
};

constexpr Likeness likenesses[] = {
    {U"аάαàáâãäåāăąạảɑ", 'a'},
    {U"ЬƄьḃḅ", 'b'},
    {U"сϲçćĉċčᴄ", 'c'},
    {U"ԁďđḋḍɗ", 'd'},
    {U"еёєèéêëēĕėęěẹ℮", 'e'},
    {U"ƒḟ", 'f'},
    {U"ɡĝğġģց", 'g'},
    {U"һհĥħḥ", 'h'},
    {U"іїιíìîïĩīĭįıɩι1ӏⅼ|", 'l'},
    {U"ϳјĵʝ", 'j'},
    {U"кκķḳ", 'k'},
    {U"ĺļľŀłḷɫ", 'l'},
    {U"мṃṁ", 'm'},
    {U"ոпñńņňŉṇη", 'n'},
    {U"оοσօòóôõöøōŏőọ0", 'o'},
    {U"рρṗ", 'p'},
    {U"ԛզ", 'q'},
    {U"гŕŗřṛ", 'r'},
    {U"ѕśŝşšṣ5", 's'},
    {U"тτţťŧṭ", 't'},
    {U"υսùúûüũūŭůűųụц", 'u'},
    {U"νѵṿ", 'v'},
    {U"ԝωшŵẁẃẅ", 'w'},
    {U"хχ×ẋ", 'x'},
    {U"уүγýÿŷỳ", 'y'},
    {U"źżžẓ", 'z'},
};

char like(char32_t letter) noexcept {
    for (const Likeness& likeness : likenesses) {
        if (likeness.letters.find(letter) != std::u32string_view::npos) return likeness.like;
    }
    return 0;
}

/// The next letter of well-formed UTF-8, which to_letters gives; takes it off.
char32_t take_letter(std::string_view& text) noexcept {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(0);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t letter = length == 1 ? first : first & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) letter = letter << 6 | (byte(i) & 0x3fU);
    text.remove_prefix(std::min(length, text.size()));
    return letter;
}

void replace_all(std::string& text, std::string_view pair, char letter) {
    for (std::size_t at = text.find(pair); at != std::string::npos; at = text.find(pair, at + 1)) {
        text.replace(at, pair.size(), 1, letter);
    }
}

/// True if `part` stands in `name` at the beginning of a label, with more of the name behind it.
bool begins_a_label(std::string_view name, std::string_view part) noexcept {
    for (std::size_t at = name.find(part); at != std::string_view::npos;
         at = name.find(part, at + 1)) {
        const bool at_start = at == 0 || name[at - 1] == '.' || name[at - 1] == '-';
        const std::size_t end = at + part.size();
        if (at_start && end < name.size() && (name[end] == '.' || name[end] == '-')) return true;
    }
    return false;
}

}  // namespace

std::string skeleton(const std::string& name) {
    const std::string letters = detect::to_letters(name);
    std::string seen;
    for (std::string_view rest = letters; !rest.empty();) {
        const std::string_view before = rest;
        const char32_t letter = take_letter(rest);
        if (letter == U'i') {
            seen += 'l';  // a capital i, which a name may be shown with
        } else if (const char ascii = like(letter)) {
            seen += ascii;
        } else {
            seen += before.substr(0, before.size() - rest.size());
        }
    }
    replace_all(seen, "rn", 'm');
    replace_all(seen, "vv", 'w');
    return seen;
}

ApprovedName::ApprovedName(std::string name)
    : name_(std::move(name)), skeleton_(skeleton(name_)), hyphened_(name_) {
    std::replace(hyphened_.begin(), hyphened_.end(), '.', '-');
}

std::string_view ApprovedName::borrowed_by(const std::string& other,
                                           const std::string& other_skeleton) const {
    if (other == name_ || other.ends_with("." + name_)) return {};
    if (detect::is_address_literal(other) || detect::is_address_literal(name_)) return {};
    if (other_skeleton == skeleton_) return "homograph";
    // "portal" alone is in many honest names.
    if (name_.find('.') == std::string::npos) return {};
    if (begins_a_label(other, name_) || begins_a_label(other, hyphened_)) return "embedded";
    return {};
}

}  // namespace umbratap::inventory
