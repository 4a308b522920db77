// The strings of one message that somebody reads, be it a person, a model or a tool: all values
// below `params`, `result` and `error`, decoded, and where each of them stands.
//
// They lie one behind the other, so that a text is searched once for all that anybody looks for:
//
//     Get the weather\0city\0Never tell the user\0
//     ^0              ^1    ^2
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/json_index.h"

namespace umbratap::mcp {

/// What a string is for those who read it.
enum class Area : std::uint8_t {
    definition,  ///< what a server says of itself and of what it offers: tools, prompts, resources,
                 ///< instructions
    content,     ///< all else
};

class ReadableStrings {
public:
    static constexpr std::uint32_t none = 0xffffffff;

    std::size_t size() const noexcept { return strings_.size(); }
    std::string_view value(std::size_t number) const noexcept {
        return std::string_view(text_).substr(strings_[number].begin, strings_[number].size);
    }
    Area area(std::size_t number) const noexcept { return strings_[number].area; }
    /// The way to it: `result.tools[3].description`; cut at 256 bytes.
    std::string place(std::size_t number) const;
    /// Whether that is its key; false for an element of an array.
    bool has_key(std::size_t number, std::string_view key) const;
    /// The string in `params.arguments` of that name, compared without case; size() if none.
    std::size_t find_argument(std::string_view name) const;
    /// Whether it stands in `params.arguments`.
    bool is_argument(std::size_t number) const noexcept;
    /// A number of the object or array that holds it.
    std::uint32_t container(std::size_t number) const noexcept {
        return strings_[number].step.parent;
    }
    /// The way from the top to a container: keys, and an empty text for each element of an array.
    std::vector<std::string> way_to_container(std::uint32_t container) const;
    /// Of a string in `result.NAME[i]…`, i; else `none`.
    std::uint32_t element_of(std::size_t number, std::string_view name) const;

    /// All strings, each followed by a NUL.
    std::string_view text() const noexcept { return text_; }
    /// The string in which the byte at `position` of text() lies; its NUL belongs to it.
    std::size_t at(std::size_t position) const noexcept;

    /// Forgets all, then reads the object whose bracket is token `first`. Stops where the text is
    /// broken. What `index` reads must outlive the answers of place and element_of.
    void read(const JsonIndex& index, std::uint32_t first);
    /// Likewise, with what stands in the top object itself: of a text that is no message.
    void read_all(const JsonIndex& index, std::uint32_t first);

private:
    /// A step from a container to what it holds: a key, or the number of an element.
    struct Step {
        std::uint32_t parent = none;
        std::uint32_t element = none;
        std::string_view key;  // as written
    };
    struct String {
        std::uint32_t begin, size;  // in text_
        Step step;
        Area area;
    };
    struct Open {
        bool object;
        std::uint32_t step;
        std::uint32_t elements = 0;
        Area area = Area::content;
    };
    bool read_value(const JsonIndex& index, std::uint32_t& token, const Step& step, Area area);
    void add(const JsonIndex& index, std::string_view content, const Step& step, Area area);
    static std::string decoded(std::string_view key);
    std::vector<const Step*> way_to(const Step& last) const;
    std::uint32_t keep(const Step& step);

    std::string text_;
    bool top_ = false;  // strings of the top object are read, too
    std::vector<String> strings_;
    std::vector<Step> steps_;  // to containers
    std::vector<Open> open_;
};

/// Reads a JSON text that is no message. Keeps its memory between calls.
class JsonReader {
public:
    /// False if `text` is no object. What `strings` tells lives as long as `text`, and until the
    /// next call.
    bool read(Bytes text, ReadableStrings& strings);

private:
    JsonIndex index_;
};

}  // namespace umbratap::mcp
