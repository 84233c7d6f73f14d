from fastapi import FastAPI

from api.worker import summarise

app = FastAPI()


@app.post("/summaries")
def add(text: str):
    return {"task": summarise.delay(text).id}
