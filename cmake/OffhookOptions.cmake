# Flags travel on one INTERFACE target; nothing is set globally but the compiler launcher.
set(OFFHOOK_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined")

find_program(OFFHOOK_CCACHE ccache)
mark_as_advanced(OFFHOOK_CCACHE)
if(OFFHOOK_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${OFFHOOK_CCACHE}")
endif()

# The largest program of a debug build takes the usual linker 20 s of processor time, gold 8, lld 3.
include(CheckLinkerFlag)
foreach(linker lld gold)
  check_linker_flag(CXX -fuse-ld=${linker} OFFHOOK_LINKER_${linker})
  if(OFFHOOK_LINKER_${linker})
    set(OFFHOOK_LINK_OPTION -fuse-ld=${linker})
    break()
  endif()
endforeach()

add_library(offhook_options INTERFACE)
add_library(offhook::options ALIAS offhook_options)
target_compile_features(offhook_options INTERFACE cxx_std_20)
target_compile_options(offhook_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wcast-align -Wnon-virtual-dtor -Woverloaded-virtual -Wundef -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>   # gcc misreads coroutine frames at -O2,
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)    # and std::variant
target_link_options(offhook_options INTERFACE ${OFFHOOK_LINK_OPTION})
if(CMAKE_UNITY_BUILD)
  # Sources of a unity build are included: what a source hides is taken for a header's, and its
  # constants shadow nothing that a build file by file does not tell.
  # Whoever debugs builds file by file; backtraces need the lines only, a fifth less to compile.
  target_compile_options(offhook_options INTERFACE
    -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage> $<$<CONFIG:Debug>:-g1>)
endif()
if(OFFHOOK_SANITIZE)
  target_compile_options(offhook_options INTERFACE
    -fsanitize=${OFFHOOK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(offhook_options INTERFACE -fsanitize=${OFFHOOK_SANITIZE})
endif()
if(OFFHOOK_SANITIZE MATCHES "thread")
  # Asio's fences are invisible to ThreadSanitizer; gcc warns about each of them.
  target_compile_options(offhook_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
endif()
