# A precompiled header, made once in a target of its own and reused by others. It holds headers of
# packages only, so that no change of this project's own makes everything compile anew. In angle
# brackets the header is found by the include path: the file that CMake writes is then the same in
# every checkout, and ccache can share what is compiled with it.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/empty.cpp CONTENT "")
function(cos_gateway_precompiled name header)
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/generated/empty.cpp)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE gateway_options ${ARGN})
  target_precompile_headers(${name} PRIVATE <${header}>)
endfunction()

# cos_gateway_together(TARGET UNIT SOURCE...): compiles the sources as one unit. The unit names them
# relative to the source folder, again for ccache's sake; CMake's own unity builds do not.
function(cos_gateway_together target unit)
  set(text "")
  foreach(source IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_source_files_properties(${source} PROPERTIES HEADER_FILE_ONLY ON)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
    string(APPEND text "#include \"${source}\"\n")
  endforeach()
  set(file ${CMAKE_BINARY_DIR}/generated/units/${unit}.cpp)
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
  target_sources(${target} PRIVATE ${file})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
endfunction()

# cos_gateway_batches(TARGET SOURCE...): with COS_GATEWAY_BATCHES compiles the sources of a folder some
# at a time: what they all include and instantiate then costs once a batch. So a name in an unnamed
# namespace is given once a folder. Presets without the option show that each file compiles alone.
function(cos_gateway_batches target)
  if(NOT COS_GATEWAY_BATCHES)
    return()
  endif()
  set(size 8)  # a batch costs less than the dearest units, and is compiled anew at each change
  set(number 0)
  set(batch "")
  set(folder "")
  foreach(source IN LISTS ARGN)
    cmake_path(GET source PARENT_PATH folder_of_source)
    list(LENGTH batch filled)
    if(batch AND (filled EQUAL size OR NOT folder_of_source STREQUAL folder))
      math(EXPR number "${number} + 1")
      cos_gateway_together(${target} ${target}_${number} ${batch})
      set(batch "")
    endif()
    set(folder ${folder_of_source})
    list(APPEND batch ${source})
  endforeach()
  if(batch)
    cos_gateway_together(${target} ${target}_last ${batch})
  endif()
endfunction()

# cos_gateway_cold_files(TARGET SOURCE...): compiles these files of a target like those of a cold one
# (cmake/options.cmake).
function(cos_gateway_cold_files target)
  set(files ${ARGN})
  if(COS_GATEWAY_BATCHES)
    cos_gateway_together(${target} ${target}_cold ${files})
    set(files ${CMAKE_BINARY_DIR}/generated/units/${target}_cold.cpp)
  endif()
  set_source_files_properties(${files} PROPERTIES COMPILE_OPTIONS "${cos_gateway_cold_options}")
endfunction()
