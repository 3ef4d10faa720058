// Debian ships Vega in modules, each of which asks for others by name: these two functions are all the loader that it takes.
'use strict';
const vegaModules = {};
function vegaModule(name, define) {
  const module = {exports: {}};
  define(module, module.exports, wanted => vegaModules[wanted === 'vega-selections' ? 'vega-selection' : wanted]);
  vegaModules[name] = module.exports;
}
