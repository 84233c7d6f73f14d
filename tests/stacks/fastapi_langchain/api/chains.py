from langchain.chat_models import init_chat_model
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from openai import OpenAI

PROMPT = ChatPromptTemplate.from_messages([("human", "Summarise: {text}")])


def summary(text):
    return (PROMPT | ChatOpenAI()).invoke({"text": text})


def other(text):
    return init_chat_model("gpt-5").invoke(text), OpenAI().models.list()
