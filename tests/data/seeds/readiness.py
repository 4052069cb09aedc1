@server.app.get("/ready")
async def readiness():
    # Check dependencies
    db_ok = check_database()
    api_ok = check_external_api()

    if db_ok and api_ok:
        return {"status": "ready"}
    else:
        return JSONResponse(
            status_code=503,
            content={"status": "not ready"}
        )
