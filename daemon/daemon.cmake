# The daemon: one library of its folders, so that tests can link it, and the binary `vakt`.
find_package(Boost 1.81 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)

# The revision is of the time of configuring; a release is configured from a clean tree.
find_package(Git QUIET)
set(VAKT_REVISION "unknown")
if(GIT_FOUND)
  execute_process(
    COMMAND ${GIT_EXECUTABLE} -C ${CMAKE_SOURCE_DIR} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(VAKT_REVISION ${revision})
  endif()
endif()

file(GLOB daemon_sources CONFIGURE_DEPENDS daemon/*/*.cc)
add_library(vakt_daemon STATIC ${daemon_sources})
target_include_directories(vakt_daemon PUBLIC lib daemon)
target_link_libraries(vakt_daemon PUBLIC
  vakt_engine Boost::headers Threads::Threads prometheus-cpp::core ZLIB::ZLIB OpenSSL::Crypto
  spdlog::spdlog CLI11::CLI11 date-tz)
set_source_files_properties(daemon/app/version.cc PROPERTIES COMPILE_DEFINITIONS
  "VAKT_VERSION=\"${PROJECT_VERSION}\";VAKT_REVISION=\"${VAKT_REVISION}\"")
set_source_files_properties(daemon/config/defaults.cc PROPERTIES COMPILE_DEFINITIONS
  "VAKT_RULES_DIR=\"${CMAKE_SOURCE_DIR}/rules\"")

# ThreadSanitizer does not know fences; Asio then orders by its locks alone.
if(VAKT_SANITIZE MATCHES "thread")
  target_compile_definitions(vakt_daemon PUBLIC BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

add_executable(vakt daemon/main.cc)
target_link_libraries(vakt PRIVATE vakt_daemon)
# A reload frees and allocates millions of small pieces beside the data path: a third less time than
# with glibc's allocator. Sanitizers bring their own.
if(NOT VAKT_SANITIZE AND NOT VAKT_FUZZ)
  target_link_libraries(vakt PRIVATE PkgConfig::JEMALLOC)
endif()
