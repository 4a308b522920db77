// Columns of text for a terminal: aligned, no wider than the terminal, harmless.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace umbratap::report {

enum class Ink : std::uint8_t { plain, bold, red, yellow, green };
/// Where a text that is too wide loses characters: servers differ at both ends.
enum class Cut : std::uint8_t { end, middle };
enum class Align : std::uint8_t { left, right };

/// `text` with the escape sequences of `ink`, if `colour`; `text` itself must be harmless.
std::string inked(const std::string& text, Ink ink, bool colour);

struct Column {
    std::string title;
    int columns_min = 0;  ///< how narrow it may be made; 0: not at all
    Align align = Align::left;
    Cut cut = Cut::end;
    int weight = 1;  ///< how wide, next to other columns, when all must be made narrower
};

struct Cell {
    std::string text;
    Ink ink = Ink::plain;
};

class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// As many cells as columns.
    void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
    /// Lines that begin with two spaces and have at most `columns_max` columns, as far as
    /// `columns_min` permits.
    std::string render(int columns_max, bool colour) const;

private:
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace umbratap::report
