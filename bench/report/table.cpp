#include "report/table.hpp"

#include <algorithm>

#include "report/plot.hpp"

namespace gateway::report {
namespace {

// Characters of UTF-8 text that take a column of a terminal; those here are one wide.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

// A bar would end the cell.
std::string markdown_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

}  // namespace

std::string to_html(const Table& table) {
  std::string out = "<div class=\"table\"><table>";
  if (!table.title.empty()) out += "<caption>" + escaped(table.title) + "</caption>";
  out += "<thead><tr>";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    out += i < table.text_columns ? "<th>" : "<th class=\"figure\">";
    out += escaped(table.columns[i]) + "</th>";
  }
  out += "</tr></thead><tbody>";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& cells = table.rows[r];
    // Texts stand once for all rows that begin alike up to them, but for the last one.
    const auto alike = [&](std::size_t other, std::size_t columns) {
      return std::equal(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(columns),
                        table.rows[other].begin());
    };
    out += r > 0 && alike(r - 1, 1) ? "<tr>" : "<tr class=\"first\">";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i + 1 < table.text_columns) {
        if (r > 0 && alike(r - 1, i + 1)) continue;
        std::size_t rows = 1;
        while (r + rows < table.rows.size() && alike(r + rows, i + 1)) ++rows;
        out += "<td rowspan=\"" + std::to_string(rows) + "\">";
      } else {
        out += i < table.text_columns ? "<td>" : "<td class=\"figure\">";
      }
      out += escaped(cells[i]) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string to_markdown(const Table& table) {
  std::vector<std::vector<std::string>> rows{table.columns};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  std::vector<std::size_t> widths(table.columns.size(), 3);
  for (auto& cells : rows) {
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
      cells[i] = markdown_text(cells[i]);
      widths[i] = std::max(widths[i], width_of(cells[i]));
    }
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    out += '|';
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string text = i < rows[r].size() ? rows[r][i] : std::string();
      const std::string blanks(widths[i] - width_of(text), ' ');
      out += ' ' + (i < table.text_columns ? text + blanks : blanks + text) + " |";
    }
    out += '\n';
    if (r != 0) continue;
    out += '|';
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool is_text = i < table.text_columns;
      out += std::string(widths[i] + 1, '-') + (is_text ? "-|" : ":|");
    }
    out += '\n';
  }
  return out;
}

}  // namespace gateway::report
