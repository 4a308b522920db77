// A JSON object that is written by the dotted names of its members: "source.ip" puts `ip` into
// `source`. Where names are flat (Zeek) the dot belongs to them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "report/json.h"
#include "report/renderings/event_reader.h"
#include "report/renderings/field.h"

namespace umbratap::report {

/// Names must be literals; those that begin alike come one after the other.
class DottedWriter {
public:
    enum class Names : std::uint8_t { nested, flat };

    explicit DottedWriter(std::string& out, Names names = Names::nested)
        : json_(out), names_(names) {}

    /// A comma where one is needed, the braces, the key and its colon: a value must follow.
    std::string& key(std::string_view name);
    void close();

    void text(std::string_view name, std::string_view value);  ///< an empty one stays out
    void number(std::string_view name, std::int64_t value);
    void truth(std::string_view name, bool value);
    void texts(std::string_view name, const std::vector<std::string_view>& values);
    /// The event's value, of whatever type; as a text. False if there is none.
    bool copy(std::string_view name, const EventReader& event, std::string_view from);
    bool copy_text(std::string_view name, const EventReader& event, std::string_view from);
    void copy(std::span<const Field> fields, const EventReader& event);

private:
    JsonWriter json_;
    Names names_;
    std::string_view open_;  // the object that is open, as a path
};

}  // namespace umbratap::report
