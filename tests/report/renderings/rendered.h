// Renderings of records, and strict readers of the formats that are no JSON: they refuse what the
// format's description does not allow, and know nothing of the writers.
#pragma once

#include <simdjson.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "report/eve.h"
#include "report/rendering.h"
#include "report/sample.h"
#include "report/text.h"

namespace umbratap::test {

/// The lines that the record becomes, event id and all.
inline std::string rendered(report::Rendering rendering, const inventory::Record& record) {
    std::string line, out;
    report::write_eve(record, {}, line);
    return report::render(rendering, line, out) ? out : "refused";
}

/// One JSON line, asked by JSON pointers: "/event/kind".
class Json {
public:
    explicit Json(const std::string& line) : text_(line) {
        if (parser_.parse(text_).get(root_) != simdjson::SUCCESS) text_ = "no JSON: " + line;
    }
    std::string at(const std::string& pointer) {
        simdjson::dom::element found;
        if (root_.at_pointer(pointer).get(found) != simdjson::SUCCESS) return "(absent)";
        std::string_view text;
        if (found.get(text) == simdjson::SUCCESS) return std::string(text);
        return simdjson::to_string(found);
    }

private:
    simdjson::dom::parser parser_;
    simdjson::padded_string text_;
    simdjson::dom::element root_;
};

using Pairs = std::map<std::string, std::string>;

/// A line of CEF: "header/0" to "header/6", and the extension, unescaped. Empty if it is none.
inline Pairs read_cef(std::string_view line) {
    Pairs found;
    if (!line.starts_with("CEF:") || !line.ends_with("\n")) return {};
    line.remove_prefix(4);
    line.remove_suffix(1);
    for (int part = 0; part < 7; ++part) {
        std::string& value = found["header/" + std::to_string(part)];
        for (; !line.empty() && line[0] != '|'; line.remove_prefix(1)) {
            if (line[0] == '\\') line.remove_prefix(1);
            if (line.empty()) return {};
            value.push_back(line[0]);
        }
        if (line.empty()) return {};
        line.remove_prefix(1);
    }
    while (!line.empty()) {
        const std::size_t equals = line.find('=');
        if (equals == 0 || equals == line.npos) return {};
        const std::string key(line.substr(0, equals));
        if (key.find_first_of(" \\") != key.npos || found.count(key)) return {};
        line.remove_prefix(equals + 1);
        // The value ends before the last space in front of the next bare equals sign.
        std::size_t end = 0, space = line.npos;
        for (; end < line.size() && line[end] != '='; ++end) {
            if (line[end] == ' ') space = end;
            if (line[end] == '\\') ++end;
        }
        if (end < line.size()) end = space;
        if (end == line.npos) return {};
        std::string& value = found[key];
        for (std::size_t i = 0; i < std::min(end, line.size()); ++i) {
            if (line[i] != '\\') {
                value.push_back(line[i]);
                continue;
            }
            if (++i == end) return {};
            if (std::string_view("\\=nr").find(line[i]) == std::string_view::npos) return {};
            value.push_back(line[i] == 'n' ? '\n' : line[i] == 'r' ? '\r' : line[i]);
        }
        line.remove_prefix(std::min(line.size(), end + 1));
    }
    return found;
}

/// A line of LEEF 2.0 whose header names the tab: "header/0" to "header/5", and the attributes.
inline Pairs read_leef(std::string_view line) {
    Pairs found;
    if (!line.starts_with("LEEF:") || !line.ends_with("\n")) return {};
    line.remove_prefix(5);
    line.remove_suffix(1);
    for (int part = 0; part < 6; ++part) {
        const std::size_t bar = line.find('|');
        if (bar == line.npos) return {};
        found["header/" + std::to_string(part)] = line.substr(0, bar);
        line.remove_prefix(bar + 1);
    }
    if (found["header/0"] != "2.0" || found["header/5"] != "x09") return {};
    while (!line.empty()) {
        const std::string_view pair = line.substr(0, line.find('\t'));
        const std::size_t equals = pair.find('=');
        if (equals == 0 || equals == pair.npos) return {};
        if (!found.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second) return {};
        line.remove_prefix(std::min(line.size(), pair.size() + 1));
    }
    return found;
}

/// What a format without escapes shows of a text.
inline std::string visible(std::string_view text, std::string_view kept = {}) {
    std::string out;
    while (!text.empty()) {
        const report::Character character = report::first_character(text);
        const std::string_view piece = text.substr(0, character.length);
        if (!character.valid) {
            out += "\uFFFD";
        } else if (report::is_deceptive(character.code) && kept.find(piece) == kept.npos) {
            char escape[16];
            std::snprintf(escape, sizeof escape, "\\u{%x}", unsigned(character.code));
            out += escape;
        } else {
            out += piece;
        }
        text.remove_prefix(character.length);
    }
    return out;
}

}  // namespace umbratap::test
