# What an optimised build adds so that a mistake in it is hard to turn against it; included by
# options.cmake. tests/hardening.sh reads from the program that it is there; SECURITY.md says what it
# costs on the event path, and what was left out for its cost.
set(COS_GATEWAY_HARDENED ON)

# The strong form guards every function whose locals have an address or an array: 1.6 % of an event's
# instructions. The units of the event path have the plain form instead, which guards those with
# arrays of characters (CMakeLists.txt). Tests are compiled without optimisation, which excludes
# checked library calls, and without the rest.
target_compile_options(gateway_options INTERFACE
  -fPIE
  # Some compilers define _FORTIFY_SOURCE themselves.
  $<${cos_gateway_shipped}:-fstack-protector-strong;-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>)
target_link_options(gateway_options INTERFACE
  -pie LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:-z,separate-code)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(gateway_options INTERFACE
    $<${cos_gateway_shipped}:-fstack-clash-protection;-fcf-protection=full>)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  target_compile_options(gateway_options INTERFACE
    $<${cos_gateway_shipped}:-fstack-clash-protection;-mbranch-protection=standard>)
endif()
