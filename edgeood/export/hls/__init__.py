"""HLS projects through hls4ml, for the compilers of AMD, Intel and Siemens."""
