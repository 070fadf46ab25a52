# What `cmake --install` puts in place, and the Debian package (`./dev package`): the same and what
# belongs to a system, with absolute paths, which nothing but the package installs.
include(GNUInstallDirs)
install(TARGETS cos-gateway COMPONENT program)

# The manual page is printed by the program: out of the help of its commands. Whoever builds for
# another machine has the program print it there.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
  set(manual ${CMAKE_BINARY_DIR}/cos-gateway.1)
  add_custom_command(OUTPUT ${manual}.gz
    COMMAND cos-gateway man > ${manual}
    COMMAND gzip -9nkf ${manual}
    DEPENDS cos-gateway
    VERBATIM)
  add_custom_target(manual ALL DEPENDS ${manual}.gz)
  install(FILES ${manual}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program OPTIONAL)
endif()

# Completion for shells, printed by the program as well.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
  foreach(shell bash zsh fish)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/completion/${shell}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/completion
      COMMAND cos-gateway completion ${shell} > ${CMAKE_BINARY_DIR}/completion/${shell}
      DEPENDS cos-gateway
      VERBATIM)
    list(APPEND completions ${CMAKE_BINARY_DIR}/completion/${shell})
  endforeach()
  add_custom_target(completions ALL DEPENDS ${completions})
  install(FILES ${CMAKE_BINARY_DIR}/completion/bash
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    RENAME cos-gateway COMPONENT program OPTIONAL)
  install(FILES ${CMAKE_BINARY_DIR}/completion/zsh
    DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
    RENAME _cos-gateway COMPONENT program OPTIONAL)
  install(FILES ${CMAKE_BINARY_DIR}/completion/fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
    RENAME cos-gateway.fish COMPONENT program OPTIONAL)
endif()

# The image is built without it.
set(debian ${CMAKE_SOURCE_DIR}/deploy/debian)
if(NOT EXISTS ${debian})
  return()
endif()
file(STRINGS ${debian}/changelog latest LIMIT_COUNT 1)
if(NOT latest MATCHES "^cos-gateway \\(${PROJECT_VERSION}\\)")
  message(FATAL_ERROR "deploy/debian/changelog does not begin with version ${PROJECT_VERSION}")
endif()
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/changelog.gz
  COMMAND gzip -9nc ${debian}/changelog > ${CMAKE_BINARY_DIR}/changelog.gz
  COMMAND gzip -9nc ${CMAKE_SOURCE_DIR}/docs/configuration.md
    > ${CMAKE_BINARY_DIR}/configuration.md.gz
  DEPENDS ${debian}/changelog ${CMAKE_SOURCE_DIR}/docs/configuration.md
  VERBATIM)
add_custom_target(package-files DEPENDS ${CMAKE_BINARY_DIR}/changelog.gz)
if(TARGET manual)
  add_dependencies(package-files manual completions)
endif()

function(install_system destination)
  install(FILES ${ARGN} DESTINATION ${destination} COMPONENT system EXCLUDE_FROM_ALL)
endfunction()
install_system(/usr/lib/systemd/system deploy/systemd/cos-gateway.service)
install_system(/etc/cos-gateway ${debian}/config.yml)
install_system(/etc/cos-gateway ${debian}/secret.yml PERMISSIONS OWNER_READ OWNER_WRITE)
install_system(/usr/share/doc/cos-gateway ${debian}/copyright
  ${CMAKE_BINARY_DIR}/changelog.gz ${CMAKE_BINARY_DIR}/configuration.md.gz)
install(FILES ${debian}/lintian-overrides DESTINATION /usr/share/lintian/overrides
  RENAME cos-gateway COMPONENT system EXCLUDE_FROM_ALL)
install_system(/usr/share/doc/cos-gateway/examples
  deploy/haproxy/haproxy.cfg deploy/prometheus/alerts.yml deploy/grafana/cos-gateway.json)

set(COS_GATEWAY_PACKAGER "cos-gateway maintainers <maintainers@cos-gateway.example>" CACHE STRING
  "Maintainer of the Debian package")
set(CPACK_GENERATOR DEB)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)  # for the absolute paths
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program system)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${COS_GATEWAY_PACKAGER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION_FILE ${debian}/description)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
