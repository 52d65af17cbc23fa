# Every third-party library, as a SYSTEM target named offhook::dep_*. Required ones stop the
# configuration with the Debian package to install; optional ones only leave a feature out, and the
# summary at the end says which. scripts/dependencies.txt is the list of packages for apt.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(tl-expected REQUIRED)

pkg_check_modules(LIBRE REQUIRED IMPORTED_TARGET libre)        # libre-dev: SIP, SDP, SRTP
pkg_check_modules(OPUS REQUIRED IMPORTED_TARGET opus)          # libopus-dev
pkg_check_modules(SPEEXDSP REQUIRED IMPORTED_TARGET speexdsp)  # libspeexdsp-dev: resampling
pkg_check_modules(SNDFILE REQUIRED IMPORTED_TARGET sndfile)    # libsndfile1-dev: audio files
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)  # libsqlite3-dev: the journal

# Asio, JSON and URL as every module uses them. Beast's own code is compiled in src/net only.
add_library(offhook_dep_boost INTERFACE)
add_library(offhook::dep_boost ALIAS offhook_dep_boost)
target_link_libraries(offhook_dep_boost INTERFACE Boost::headers Boost::json Boost::url
                                                  Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
target_compile_definitions(offhook_dep_boost INTERFACE BOOST_ASIO_NO_DEPRECATED)

set(OFFHOOK_FEATURES "")

# Voice of the sim and of the demo's caller: flite (libraries without pkg-config files).
find_path(FLITE_INCLUDE_DIR flite/flite.h)
find_library(FLITE_LIBRARY flite)
find_library(FLITE_SLT_LIBRARY flite_cmu_us_slt)
find_library(FLITE_KAL16_LIBRARY flite_cmu_us_kal16)
find_library(FLITE_RMS_LIBRARY flite_cmu_us_rms)
find_library(FLITE_USENGLISH_LIBRARY flite_usenglish)
find_library(FLITE_CMULEX_LIBRARY flite_cmulex)
if(FLITE_INCLUDE_DIR AND FLITE_LIBRARY AND FLITE_SLT_LIBRARY AND FLITE_RMS_LIBRARY
   AND FLITE_KAL16_LIBRARY AND FLITE_USENGLISH_LIBRARY AND FLITE_CMULEX_LIBRARY)
  add_library(offhook_dep_flite INTERFACE)
  add_library(offhook::dep_flite ALIAS offhook_dep_flite)
  target_include_directories(offhook_dep_flite SYSTEM INTERFACE "${FLITE_INCLUDE_DIR}")
  target_link_libraries(offhook_dep_flite INTERFACE
    "${FLITE_SLT_LIBRARY}" "${FLITE_RMS_LIBRARY}" "${FLITE_KAL16_LIBRARY}"
    "${FLITE_USENGLISH_LIBRARY}" "${FLITE_CMULEX_LIBRARY}" "${FLITE_LIBRARY}")
  set(OFFHOOK_HAVE_FLITE ON)
  list(APPEND OFFHOOK_FEATURES "voice: flite")
else()
  list(APPEND OFFHOOK_FEATURES "voice: tones (flite1-dev not found)")
endif()

# Ears of the sim: pocketsphinx, in a module of its own. Its pkg-config files name folders that do
# not exist, which an imported target would not stand.
pkg_check_modules(POCKETSPHINX pocketsphinx sphinxbase)  # libpocketsphinx-dev, pocketsphinx-en-us
if(POCKETSPHINX_FOUND)
  add_library(offhook_dep_pocketsphinx INTERFACE)
  add_library(offhook::dep_pocketsphinx ALIAS offhook_dep_pocketsphinx)
  foreach(folder IN LISTS POCKETSPHINX_INCLUDE_DIRS)
    if(IS_DIRECTORY "${folder}")
      target_include_directories(offhook_dep_pocketsphinx SYSTEM INTERFACE "${folder}")
    endif()
  endforeach()
  target_link_libraries(offhook_dep_pocketsphinx INTERFACE ${POCKETSPHINX_LINK_LIBRARIES})
  list(APPEND OFFHOOK_FEATURES "ears: pocketsphinx")
else()
  list(APPEND OFFHOOK_FEATURES "ears: none (libpocketsphinx-dev not found)")
endif()

# Microphone and loudspeaker: which of them is used is decided when the program runs.
pkg_check_modules(PIPEWIRE IMPORTED_TARGET libpipewire-0.3)  # libpipewire-0.3-dev
pkg_check_modules(PULSE IMPORTED_TARGET libpulse)            # libpulse-dev
pkg_check_modules(RTAUDIO IMPORTED_TARGET rtaudio)           # librtaudio-dev: ALSA, JACK, other systems
set(OFFHOOK_DEVICES "")
if(PIPEWIRE_FOUND)  # as a library that CMake can put in order, see WebRTC below
  add_library(offhook_dep_pipewire SHARED IMPORTED)
  add_library(offhook::dep_pipewire ALIAS offhook_dep_pipewire)
  list(GET PIPEWIRE_LINK_LIBRARIES 0 OFFHOOK_PIPEWIRE_FILE)
  set_target_properties(offhook_dep_pipewire PROPERTIES IMPORTED_LOCATION "${OFFHOOK_PIPEWIRE_FILE}"
                                                        IMPORTED_NO_SONAME OFF)
  target_include_directories(offhook_dep_pipewire SYSTEM INTERFACE ${PIPEWIRE_INCLUDE_DIRS})
endif()
foreach(system PIPEWIRE PULSE RTAUDIO)
  if(${system}_FOUND)
    list(APPEND OFFHOOK_DEVICES ${system})
  endif()
endforeach()
list(JOIN OFFHOOK_DEVICES ", " OFFHOOK_DEVICES)
if(OFFHOOK_DEVICES)
  list(APPEND OFFHOOK_FEATURES "devices: ${OFFHOOK_DEVICES}")
else()
  list(APPEND OFFHOOK_FEATURES "devices: none (libpipewire-0.3-dev, libpulse-dev, librtaudio-dev not found)")
endif()

find_path(SPANDSP_INCLUDE_DIR spandsp.h)
find_library(SPANDSP_LIBRARY spandsp)
if(SPANDSP_INCLUDE_DIR AND SPANDSP_LIBRARY)
  list(APPEND OFFHOOK_FEATURES "G.722: spandsp")
else()
  list(APPEND OFFHOOK_FEATURES "G.722: none (libspandsp-dev not found)")
endif()

# WebRTC's audio parts (libtgowt-dev), as a static library: NetEQ as the jitter buffer, AEC3 as echo
# canceller. Its own CMake files ask for much that audio does not need. Only single .cpp files use
# it, by way of an object library of their own, because its headers want definitions that are not
# for ours: NDEBUG must be as in the library, or the two disagree on the layout of classes.
find_path(TGOWT_INCLUDE_DIR api/neteq/neteq.h PATH_SUFFIXES tg_owt)
find_library(TGOWT_LIBRARY tg_owt)
find_library(ABSL_STRINGS_LIBRARY absl_strings)
find_library(ABSL_THROW_DELEGATE_LIBRARY absl_throw_delegate)
find_library(ABSL_BAD_OPTIONAL_ACCESS_LIBRARY absl_bad_optional_access)
if(TGOWT_INCLUDE_DIR AND TGOWT_LIBRARY AND ABSL_STRINGS_LIBRARY AND ABSL_THROW_DELEGATE_LIBRARY
   AND ABSL_BAD_OPTIONAL_ACCESS_LIBRARY AND OPUS_FOUND)
  # Debian 13 ships the library built with another abseil than its headers name: it cannot be linked.
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_INCLUDES "${TGOWT_INCLUDE_DIR}")
  set(CMAKE_REQUIRED_DEFINITIONS -DWEBRTC_POSIX -DWEBRTC_LINUX -DNDEBUG)
  set(CMAKE_REQUIRED_FLAGS -std=c++20)
  set(CMAKE_REQUIRED_LIBRARIES
    "${TGOWT_LIBRARY}" "${ABSL_STRINGS_LIBRARY}" "${ABSL_THROW_DELEGATE_LIBRARY}"
    "${ABSL_BAD_OPTIONAL_ACCESS_LIBRARY}" Threads::Threads)
  check_cxx_source_compiles(
    "#include \"api/audio_codecs/audio_format.h\"
     int main() { return webrtc::SdpAudioFormat{\"opus\", 48000, 2}.clockrate_hz == 0 ? 1 : 0; }"
    OFFHOOK_TGOWT_LINKS)
  foreach(setting INCLUDES DEFINITIONS FLAGS LIBRARIES)
    unset(CMAKE_REQUIRED_${setting})
  endforeach()
endif()
if(OFFHOOK_TGOWT_LINKS)
  add_library(offhook_dep_tgowt INTERFACE)
  add_library(offhook::dep_tgowt ALIAS offhook_dep_tgowt)
  target_include_directories(offhook_dep_tgowt SYSTEM INTERFACE "${TGOWT_INCLUDE_DIR}")
  target_compile_definitions(offhook_dep_tgowt INTERFACE WEBRTC_POSIX WEBRTC_LINUX
                                                         WEBRTC_APM_DEBUG_DUMP=0 NDEBUG)
  target_link_options(offhook_dep_tgowt INTERFACE LINKER:--gc-sections)
  target_link_libraries(offhook_dep_tgowt INTERFACE
    "${TGOWT_LIBRARY}" PkgConfig::OPUS "${ABSL_STRINGS_LIBRARY}" "${ABSL_THROW_DELEGATE_LIBRARY}"
    "${ABSL_BAD_OPTIONAL_ACCESS_LIBRARY}" Threads::Threads)
  if(PIPEWIRE_FOUND)
    # The archive has empty functions of PipeWire's names in it, for its screen capture. Where it
    # stood before the real library, they would be taken.
    target_link_libraries(offhook_dep_pipewire INTERFACE $<LINK_ONLY:offhook::dep_tgowt>)
  endif()
  set(OFFHOOK_HAVE_TGOWT ON)
  list(APPEND OFFHOOK_FEATURES "echo canceller: dual (aec3, speex and off by --echo)")
  list(APPEND OFFHOOK_FEATURES "jitter buffer: portable (NetEQ by --jitter-buffer neteq)")
else()
  list(APPEND OFFHOOK_FEATURES "echo canceller: speex (no dual, no aec3: libtgowt-dev not found, or not usable)")
  list(APPEND OFFHOOK_FEATURES "jitter buffer: portable (no NetEQ: libtgowt-dev not found, or not usable)")
endif()

foreach(feature IN LISTS OFFHOOK_FEATURES)
  message(STATUS "offhook: ${feature}")
endforeach()
