// A YAML file (rules, names, policy, config) as values that know where they stand.
//
// Every complaint is a RuleError of the form "file:line: what was expected". Anchors, aliases and
// tags are refused (nothing here needs them, and they let a small file grow without bound), as are
// duplicate keys and unknown keys. JSON is read too: it is YAML.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "detect/rules.h"

namespace umbratap::detect {

inline constexpr std::size_t yaml_file_bytes_max = 16 * 1024 * 1024;

class YamlNode;

struct YamlMember;

/// One value. Cheap to copy; keeps the file's text alive.
class YamlNode {
public:
    /// While one lives, this thread reads each file once, however often it is loaded.
    class Sharing {
    public:
        Sharing();
        ~Sharing();
        Sharing(const Sharing&) = delete;
        Sharing& operator=(const Sharing&) = delete;
    };

    /// Throws RuleError if the file cannot be opened, is too large, or is no YAML. An empty file is
    /// null.
    static YamlNode load(const std::string& file);
    /// `file` is only the name in complaints.
    static YamlNode parse(std::string text, const std::string& file);

    bool is_null() const noexcept;
    bool is_scalar() const noexcept;  ///< neither null, sequence nor mapping
    bool is_sequence() const noexcept;
    bool is_mapping() const noexcept;
    bool is_quoted() const noexcept;  ///< a scalar in quotes, or in block style

    /// Each throws if the value is of another type. `expected` completes the sentence "expected …".
    std::string text(std::string_view expected = "text") const;
    bool boolean() const;
    std::int64_t integer(std::int64_t min, std::int64_t max) const;
    double number(double min, double max) const;
    /// Index of the word among `words`; complains with a suggestion.
    std::size_t one_of(std::span<const std::string_view> words) const;
    std::size_t one_of(std::initializer_list<std::string_view> words) const {
        return one_of(std::span(words.begin(), words.size()));
    }

    /// Of a sequence.
    std::vector<YamlNode> elements() const;
    /// Of a sequence; anything else but null is the only element.
    std::vector<YamlNode> elements_or_one() const;
    /// The texts of `elements_or_one`.
    std::vector<std::string> texts(std::string_view expected = "text") const;

    /// Of a mapping, in order. Null is an empty mapping.
    std::vector<YamlMember> members() const;
    /// Unset where the key is absent or its value null.
    std::optional<YamlNode> find(std::string_view key) const;
    YamlNode at(std::string_view key) const;
    /// Complains about any other key, with a suggestion.
    void allow_only(std::initializer_list<std::string_view> keys) const;

    int line() const noexcept;  ///< from 1
    const std::string& file() const noexcept;
    /// The text of the file from this value's line to before `end` (a line; 0: to the end of the
    /// file).
    std::string source(int end) const;

    /// Throws RuleError "file:line: complaint".
    [[noreturn]] void fail(std::string_view complaint) const;

private:
    struct Document;
    class Reader;
    YamlNode(std::shared_ptr<const Document> document, std::uint32_t number) noexcept
        : document_(std::move(document)), number_(number) {}

    std::shared_ptr<const Document> document_;
    std::uint32_t number_ = 0;
};

struct YamlMember {
    std::string key;
    YamlNode key_node;
    YamlNode value;
};

/// ", did you mean 'x'?" if one of `candidates` is near `word`, else empty.
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace umbratap::detect
