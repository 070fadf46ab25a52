#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <exception>

namespace gateway::test {

inline constexpr int kBroken = 70;  // EX_SOFTWARE of sysexits.h

// Returns what `body` returns, for main(); if it throws, kBroken, when `program` has said why.
template <class Body>
int guarded(const char* program, const Body& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", program, error.what());
    return kBroken;
  }
}

}  // namespace gateway::test
