// Columns of text for a terminal.
#include "report/table.h"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "report/text.h"

namespace umbratap::report {

namespace {

constexpr int gap = 2, cell_columns_max = 80, text_columns_max = 400;

// The widest of columns that may give gives, one by one, until all fit. Width is held against
// weight.
void make_fit(const std::vector<Column>& columns, int columns_max, std::vector<int>& widths) {
    const int wanted =
        std::accumulate(widths.begin(), widths.end(), gap * static_cast<int>(widths.size()));
    for (int too_much = wanted - columns_max; too_much > 0; --too_much) {
        std::size_t widest = widths.size();
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const int least = std::max(columns[i].columns_min, columns_of(columns[i].title));
            if (columns[i].columns_min == 0 || widths[i] <= least) continue;
            if (widest == widths.size() ||
                widths[i] * columns[widest].weight > widths[widest] * columns[i].weight)
                widest = i;
        }
        if (widest == widths.size()) return;
        --widths[widest];
    }
}

std::string fitted(const std::string& text, const Column& column, int width) {
    std::string whole = terminal_text(text, text_columns_max);
    if (columns_of(whole) <= width) return whole;
    if (column.cut == Cut::end || width < 8) return terminal_text(text, width);
    // The end of it as far as half of the width goes, then as much of the beginning as there is
    // room for.
    std::string_view end = whole;
    while (columns_of(end) > width / 2) end.remove_prefix(first_character(end).length);
    std::string cut = terminal_text(text, width - columns_of(end));
    return cut.append(end);
}

void append_cell(const std::string& harmless, const Column& column, int width, Ink ink, bool colour,
                 std::string& line) {
    const auto padding = static_cast<std::size_t>(std::max(0, width - columns_of(harmless)));
    if (column.align == Align::right) line.append(padding, ' ');
    line += inked(harmless, ink, colour);
    if (column.align == Align::left) line.append(padding, ' ');
}

void end_line(std::string& line, std::string& out) {
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
}

}  // namespace

std::string inked(const std::string& text, Ink ink, bool colour) {
    if (!colour || ink == Ink::plain || text.empty()) return text;
    constexpr const char* codes[] = {"", "\033[1m", "\033[1;31m", "\033[33m", "\033[32m"};
    return codes[static_cast<std::size_t>(ink)] + text + "\033[0m";
}

std::string Table::render(int columns_max, bool colour) const {
    std::vector<int> widths;
    for (const Column& column : columns_) widths.push_back(columns_of(column.title));
    for (const auto& row : rows_) {
        assert(row.size() == columns_.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] =
                std::max(widths[i], columns_of(terminal_text(row[i].text, cell_columns_max)));
        }
    }
    make_fit(columns_, columns_max, widths);
    std::string out, line;
    const auto begin_cell = [&] { line.append(gap, ' '); };
    for (std::size_t i = 0; i < widths.size(); ++i) {
        begin_cell();
        append_cell(terminal_text(columns_[i].title, widths[i]), columns_[i], widths[i], Ink::plain,
                    false, line);
    }
    end_line(line, out);
    for (const auto& row : rows_) {
        line.clear();
        for (std::size_t i = 0; i < row.size(); ++i) {
            begin_cell();
            append_cell(fitted(row[i].text, columns_[i], widths[i]), columns_[i], widths[i],
                        row[i].ink, colour, line);
        }
        end_line(line, out);
    }
    return out;
}

}  // namespace umbratap::report
