#pragma once

// Defines COS_GATEWAY_SANITIZED where a sanitizer has an allocator of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COS_GATEWAY_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COS_GATEWAY_SANITIZED 1
#endif
#endif
