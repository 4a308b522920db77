// JSON-RPC messages of every kind, written in every way that JSON and its decoders allow.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace umbratap::test {

class RandomMessages {
public:
    explicit RandomMessages(unsigned seed) : random_(seed) {}

    struct Text {
        std::string bytes;
        std::string method;  ///< of the first message; empty for results and errors
    };

    Text next() {
        spread_ = chance(50) ? 3000 : chance(2) ? 0 : 4;
        escapes_ = chance(3) ? 2 : chance(2) ? 20 : 0;
        folds_ = chance(4);
        Text text;
        std::string json = white();
        if (chance(5)) {
            json += "[" + white();
            const unsigned count = 1 + below(3);
            for (unsigned i = 0; i < count; ++i) {
                std::string method;
                json += (i ? "," + white() : "") + message(method) + white();
                if (i == 0) text.method = method;
            }
            json += "]";
        } else {
            json += message(text.method);
        }
        json += white();
        text.bytes = encoded(json);
        return text;
    }

    bool chance(unsigned one_in) { return below(one_in) == 0; }
    unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

private:
    using Members = std::vector<std::pair<std::string, std::string>>;

    std::string message(std::string& method) {
        static const char* const methods[] = {"initialize",
                                              "notifications/initialized",
                                              "ping",
                                              "tools/list",
                                              "tools/call",
                                              "resources/list",
                                              "resources/templates/list",
                                              "resources/read",
                                              "resources/subscribe",
                                              "prompts/list",
                                              "prompts/get",
                                              "completion/complete",
                                              "logging/setLevel",
                                              "sampling/createMessage",
                                              "roots/list",
                                              "elicitation/create",
                                              "tasks/get",
                                              "tasks/update",
                                              "server/discover",
                                              "subscriptions/listen",
                                              "notifications/cancelled",
                                              "notifications/tools/list_changed",
                                              "notifications/tasks",
                                              "own/thing"};
        Members members{{"jsonrpc", string("2.0")}};
        if (!chance(4))
            members.emplace_back("id", chance(2) ? std::to_string(below(1000))
                                                 : string("id-" + std::to_string(below(99))));
        switch (below(4)) {
            case 0:
                members.emplace_back(
                    "result", object({{"content", "[]"}, {"resultType", string("complete")}}));
                break;
            case 1:
                members.emplace_back(
                    "error", object({{"code", "-32601"}, {"message", string("not found")}}));
                break;
            default:
                method = methods[below(std::size(methods))];
                members.emplace_back("method", string(method));
                if (!chance(4)) members.emplace_back("params", params());
        }
        folding_ = folds_;
        std::string out = object(std::move(members));
        folding_ = false;
        return out;
    }

    std::string params() {
        Members meta{{"io.modelcontextprotocol/protocolVersion", string("2026-07-28")},
                     {"io.modelcontextprotocol/clientCapabilities", "{}"}};
        Members members{{"name", string("run_report")},
                        {"uri", string("file:///tmp/ü")},
                        {"protocolVersion", string("2025-06-18")},
                        {"arguments", object({{"text", string(std::string(below(200), 'x'))}})},
                        {"_meta", object(std::move(meta))}};
        members.resize(below(6));
        return object(std::move(members));
    }

    std::string object(Members members) {
        std::shuffle(members.begin(), members.end(), random_);
        const bool folding = std::exchange(folding_, false);
        std::string out = "{" + white();
        bool first = true;
        for (const auto& [key, value] : members) {
            out += (first ? "" : "," + white()) + string(folding ? refolded(key) : key) + white() +
                   ":" + white() + value + white();
            first = false;
        }
        return out + "}";
    }

    std::string refolded(const std::string& key) {
        std::string out;
        for (const char c : key) {
            if (c == 's' && chance(3)) {
                out += "\xC5\xBF";
            } else {
                out.push_back(chance(2) ? static_cast<char>(c & ~0x20) : c);
            }
        }
        return out;
    }

    std::string string(std::string_view text) {
        std::string out = "\"";
        for (const char32_t point : points(text)) {
            if (escapes_ != 0 && point < 0x10000 && chance(escapes_)) {
                const char* digits = chance(2) ? "0123456789abcdef" : "0123456789ABCDEF";
                out += "\\u";
                for (int shift = 12; shift >= 0; shift -= 4)
                    out.push_back(digits[point >> shift & 15]);
            } else if (point == '/' && chance(3)) {
                out += "\\/";
            } else {
                append_utf_8(out, point);
            }
        }
        return out + "\"";
    }

    std::string white() {
        std::string out;
        const unsigned count = spread_ == 0 ? 0 : below(spread_);
        for (unsigned i = 0; i < count; ++i) out.push_back(" \t\r\n"[below(4)]);
        if (chance(5000)) out.append(100'000, ' ');
        return out;
    }

    static std::vector<char32_t> points(std::string_view text) {
        std::vector<char32_t> out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto byte = static_cast<std::uint8_t>(text[i]);
            if (byte < 0x80) {
                out.push_back(byte);
            } else {  // nothing here is longer than two bytes
                out.push_back((byte & 0x1Fu) << 6 | (static_cast<std::uint8_t>(text[++i]) & 0x3Fu));
            }
        }
        return out;
    }

    static void append_utf_8(std::string& out, char32_t point) {
        if (point < 0x80) {
            out.push_back(static_cast<char>(point));
        } else {
            out.push_back(static_cast<char>(0xC0 | point >> 6));
            out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
        }
    }

    std::string encoded(const std::string& json) {
        const unsigned width = chance(2) ? 1 : chance(2) ? 2 : 4;
        const bool mark = chance(2), big = chance(2);
        if (width == 1) return (mark && chance(3) ? "\xEF\xBB\xBF" : "") + json;
        std::vector<char32_t> all = points(json);
        if (mark) all.insert(all.begin(), 0xFEFF);
        std::string out;
        for (const char32_t point : all) {
            for (unsigned i = 0; i < width; ++i)
                out.push_back(static_cast<char>(point >> 8 * (big ? width - 1 - i : i)));
        }
        return out;
    }

    std::mt19937 random_;
    unsigned spread_ = 0;   // white space in one place
    unsigned escapes_ = 0;  // one character in so many is escaped
    bool folds_ = false, folding_ = false;
};

}  // namespace umbratap::test
