# Sourced after common.sh: llama.cpp's sources, for ci/peers and ci/ggml_plugin.

folder=${DELTAGAUGE_PEERS_DIR:-build/peers}
# The Python binding's sources carry those of llama.cpp.
llama_cpp_requirement=llama-cpp-python==0.3.36

# In $folder/llama.cpp/vendor/llama.cpp; what is there is not downloaded again.
llama_cpp_sources() {
  local sources=$folder/llama.cpp
  if [ -e "$sources/ready" ] && [ "$(cat "$sources/ready")" = $llama_cpp_requirement ]; then
    echo "$sources has $llama_cpp_requirement"
    return
  fi
  rm -rf "$sources" "$folder/download"
  mkdir -p "$sources"
  [ -x "$folder/pip/bin/python" ] || python3 -m venv "$folder/pip"
  "$folder/pip/bin/python" -m pip download --quiet --disable-pip-version-check \
    --no-deps --no-binary llama-cpp-python --dest "$folder/download" $llama_cpp_requirement
  tar xzf "$folder"/download/llama_cpp_python-*.tar.gz -C "$sources" --strip-components=1
  rm -r "$folder/download"
  echo $llama_cpp_requirement >"$sources/ready"
}
