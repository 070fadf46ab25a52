#pragma once
#include <string>
#include <string_view>

namespace gateway::events {

// Text of others on its way to somebody's terminal. A terminal obeys control characters (C0: U+0000
// to U+001F, U+007F; C1: U+0080 to U+009F), and characters that change the direction of text make a
// line look like another one (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069). No
// program of this project writes one of them that came from outside, nor a noncharacter, which no
// attribute of an event may have.

// Returns `text` with '?' for each of these, and for each byte that is not UTF-8.
[[nodiscard]] std::string terminal_text(std::string_view text);

// Returns JSON that means the same as `json` on one line: within strings these characters are
// spelled with their number (\u009b), and line ends between them become blanks.
[[nodiscard]] std::string terminal_json(std::string_view json);

// Returns `text`, of several lines, likewise with '?', but with its line ends and tabs.
[[nodiscard]] std::string terminal_lines(std::string_view text);

}  // namespace gateway::events
