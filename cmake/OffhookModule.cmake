# offhook_module(<name> SOURCES a.cpp ... HEADERS a.hpp ... DEPS public targets ... PRIVATE_DEPS ...)
# One static library offhook::<name> for the folder src/<name>. Which modules a module may depend on
# is the table in tools/layers.txt; a test holds the #includes against it.
function(offhook_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(offhook_${name} STATIC ${arg_SOURCES})
  add_library(offhook::${name} ALIAS offhook_${name})
  target_compile_features(offhook_${name} PUBLIC cxx_std_20)
  target_sources(offhook_${name} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/src"
                                        FILES ${arg_HEADERS})
  target_link_libraries(offhook_${name} PUBLIC ${arg_DEPS}
                                        PRIVATE offhook::options ${arg_PRIVATE_DEPS})
endfunction()
