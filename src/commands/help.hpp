#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "commands/command.hpp"

namespace gateway::commands {

// Returns what the help calls the value of an option: its own word, or one by its type; empty for a
// flag.
[[nodiscard]] std::string value_text(const Option& option);
// Returns what is to be known of an option beside its sentence: range, choices, default, needs.
[[nodiscard]] std::string conditions_text(const Option& option);
// Returns whether the option is an argument, given by its place and not by a name.
[[nodiscard]] bool is_argument(const Option& option);

// Returns the help of one command, and of the program, in lines of at most `width` columns where
// words allow it.
[[nodiscard]] std::string help_text(const Command& command, std::size_t width);
[[nodiscard]] std::string overview_text(const std::vector<Command>& commands, std::size_t width);

// Returns the columns of the terminal standard output is; 80 where it is none.
[[nodiscard]] std::size_t terminal_width();

}  // namespace gateway::commands
