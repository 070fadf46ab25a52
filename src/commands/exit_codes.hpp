#pragma once

namespace gateway::commands {

// Exit codes every subcommand keeps to (sysexits.h).
inline constexpr int kDone = 0;
inline constexpr int kUsage = 64;
inline constexpr int kUnavailable = 69;
inline constexpr int kInternal = 70;
inline constexpr int kOutputLost = 74;  // what was printed did not reach its file or device
inline constexpr int kNotAuthorised = 77;
inline constexpr int kConfiguration = 78;

}  // namespace gateway::commands
