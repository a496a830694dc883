# One test binary a folder: a broken folder does not stop the tests of the others.
find_package(GTest REQUIRED)
set(VAKT_SOURCE_DIR ${CMAKE_SOURCE_DIR})

function(vakt_test name dir)
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*_test.cc)
  if(sources)
    add_executable(test_${name} ${sources})
    target_include_directories(test_${name} PRIVATE lib tests)
    target_compile_definitions(test_${name} PRIVATE VAKT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_link_libraries(test_${name} PRIVATE GTest::gtest_main ${ARGN})
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 1200)
  endif()
endfunction()

foreach(folder base access audit event yaml scan framing parse rule normalise match correlate
        incident store engine)
  vakt_test(${folder} tests/lib/${folder} vakt_${folder})
endforeach()
vakt_test(sim tests/sim vakt_engine)
if(TARGET vakt_daemon)
  vakt_test(daemon tests/daemon vakt_daemon)
  target_include_directories(test_daemon PRIVATE daemon)
endif()

add_test(NAME tidy COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/tidy/tidy.py ${CMAKE_SOURCE_DIR})
add_test(NAME tidy_test COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/tidy/tidy_test.py)

# Every build compiles the fuzzers, so that none is left behind by a change; clang links them.
file(GLOB fuzzers CONFIGURE_DEPENDS tests/fuzz/*_fuzz.cc)
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  if(VAKT_FUZZ)
    add_executable(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_library(${name} OBJECT ${source})
  endif()
  target_include_directories(${name} PRIVATE lib tests)
  target_compile_definitions(${name} PRIVATE VAKT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE vakt_normalise vakt_match vakt_framing vakt_access
                        vakt_audit)
endforeach()
