// Tables that say what a value of EVE is called in another schema.
#pragma once

#include <string_view>

namespace umbratap::report {

/// One row: what EVE calls `from` is `name` there. Several rows with one name stand together: the
/// first that the event has counts.
struct Field {
    std::string_view name, from;
};

/// Calls `write` for the rows, but for those whose name was written already. It returns whether it
/// wrote.
template <class Rows, class Write>
void write_each(const Rows& rows, Write write) {
    std::string_view written;
    for (const auto& row : rows) {
        if (row.name != written && write(row)) written = row.name;
    }
}

}  // namespace umbratap::report
