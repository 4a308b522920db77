// JSON as it is written here: straight into a string, without a tree, always one line, harmless
// whatever text it holds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace umbratap::report {

/// Appends `text` as a JSON string, with its quotes. Deceptive characters (report/text.h) become \u
/// escapes, invalid UTF-8 becomes U+FFFD.
void write_json_string(std::string_view text, std::string& out);

/// Appends a JSON value that someone else wrote: on one line, without white space, its strings made
/// harmless as above. False, and nothing appended, if it is no JSON or nested deeper than 64.
enum class Content : std::uint8_t { full, redacted };  ///< redacted: texts and numbers are "***"
bool write_json_value(std::string_view json, std::string& out, Content content = Content::full);

/// The shape of a JSON value: keys, true, false and null stay. "***" where it is no JSON; empty
/// stays empty.
std::string redacted_json(std::string_view json);

/// Writes one object. What is empty stays out: a text without content, an object without members.
class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out), begin_(out.size()) { out_.push_back('{'); }

    void open(std::string_view key);
    void close();  ///< takes the object back if nothing was written into it
    void close_even_if_empty() { out_.push_back('}'); }

    void text(std::string_view key, std::string_view value);
    void texts(std::string_view key, const std::vector<std::string>& values);
    void number(std::string_view key, std::uint64_t value);
    void integer(std::string_view key, std::int64_t value);
    void milliseconds(std::string_view key, double value);
    void truth(std::string_view key, bool value);
    void counts(std::string_view key, const std::map<std::string, std::uint64_t>& values);
    /// The same where the key is no literal.
    void texts_of(std::string_view any_key, const std::vector<std::string>& values);
    /// A value that is JSON already, or claims to be; what is none is written as a string.
    void json(std::string_view key, std::string_view value);

    /// For what is written by hand: a comma where one is needed, the key, the colon.
    std::string& key(std::string_view literal);
    std::string& out() noexcept { return out_; }

private:
    class Piece;

    void comma() {
        if (const char last = out_.back(); last != '{' && last != '[') out_.push_back(',');
    }

    void limited(std::string_view text);
    void list(const std::vector<std::string>& values);

    std::string& out_;
    std::size_t begin_;
};

void append_number(std::uint64_t value, std::string& out);

}  // namespace umbratap::report
