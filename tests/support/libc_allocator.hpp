#pragma once
#include <cstddef>

// The allocator of glibc under its second names, which remain when a program replaces malloc() and
// the like with functions of its own.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): names of the C library
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}
