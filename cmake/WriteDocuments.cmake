# What the program says of itself, in files: its manual page and its completions.
#   cmake -DPROGRAM=... -DOUTPUT=... -P WriteDocuments.cmake
function(write file)
  execute_process(COMMAND "${PROGRAM}" ${ARGN} OUTPUT_VARIABLE text RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ${ARGN}: exit status ${status}")
  endif()
  file(WRITE "${OUTPUT}/${file}" "${text}")
endfunction()

write(deltagauge.1 man)
write(deltagauge.bash completion bash)
write(_deltagauge completion zsh)
write(deltagauge.fish completion fish)
