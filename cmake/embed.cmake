# embed(TARGET HEADER FUNCTION FILE...): makes build/generated/HEADER.cc's content of the files reachable as
#   std::span<const eventrelay::EmbeddedFile> eventrelay::FUNCTION()   (declared in base/embedded.h's style by the user)
# The text is cut into pieces below the compiler's limit for string literals.
function(embed target function)
  set(out ${CMAKE_BINARY_DIR}/generated/${function}.cc)
  set(files ${ARGN})
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -D OUT=${out} -D FUNCTION=${function} "-D FILES=${files}" -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()

file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/storage/sqlite_migrations/*.sql)
if(migrations)
  embed(storage sqlite_migrations ${migrations})
endif()
file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/storage/postgres_migrations/*.sql)
embed(storage postgres_migrations ${migrations})
# The API's description is written as YAML and served as JSON.
find_program(PYTHON3 python3 HINTS /usr/bin REQUIRED)  # Debian's first: python3-yaml is for that one
set(description ${CMAKE_BINARY_DIR}/generated/openapi.json)
add_custom_command(
  OUTPUT ${description}
  COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/cmake/yaml_to_json.py ${CMAKE_SOURCE_DIR}/api/openapi.yaml ${description}
  DEPENDS ${CMAKE_SOURCE_DIR}/api/openapi.yaml ${CMAKE_SOURCE_DIR}/cmake/yaml_to_json.py
  VERBATIM)
embed(api api_description ${description})

# The dashboard, which ./dev builds once for all presets. A library of its own: without the headers of the others, a
# changed dashboard costs a second.
set(dashboard ${CMAKE_SOURCE_DIR}/build/dashboard)
if(NOT EXISTS ${dashboard}/files.cc)
  message(FATAL_ERROR "There is no dashboard in build/dashboard: `./dev build` makes it.")
endif()
add_library(dashboard STATIC cmake/dashboard.S ${dashboard}/files.cc)
target_include_directories(dashboard PRIVATE src ${dashboard})
set_source_files_properties(cmake/dashboard.S PROPERTIES OBJECT_DEPENDS ${dashboard}/files.bin)
target_link_libraries(api PUBLIC dashboard)
