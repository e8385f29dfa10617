/* The dashboard's files: dashboard/scripts/pack.mjs puts them together and says in files.cc where each begins. */
  .section .rodata
  .global eventrelay_dashboard_bytes
eventrelay_dashboard_bytes:
  .incbin "files.bin"
  .section .note.GNU-stack,"",%progbits
