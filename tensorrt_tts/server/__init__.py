"""Speech over sockets: FastAPI on uvicorn, one process per GPU. See README.md beside this file."""
