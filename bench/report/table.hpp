#pragma once
#include <string>
#include <vector>

namespace gateway::report {

// A table of texts, for a page and for a terminal or a Markdown file.
struct Table {
  std::string title;
  std::vector<std::string> columns;
  std::size_t text_columns = 1;  // the first ones are texts; the others hold figures
  std::vector<std::vector<std::string>> rows;
};

[[nodiscard]] std::string to_html(const Table& table);
// Columns padded, so that it is also readable as it is.
[[nodiscard]] std::string to_markdown(const Table& table);

}  // namespace gateway::report
